// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import dev.darkroom.inference.onnx.TensorSpec.ElementType;
import dev.darkroom.inference.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.function.IntToDoubleFunction;

/** Heap float32 to and from the runtime's own buffers and types. */
final class NativeTensors {
    private NativeTensors() {}

    /** Copies {@code value} into {@code arena}'s memory; the tensor must be closed before the arena. */
    static OnnxTensor create(Arena arena, ElementType type, Tensor value) throws OrtException {
        OrtEnvironment environment = OrtModel.environment();
        long[] shape = Arrays.stream(value.shape()).asLongStream().toArray();
        float[] data = value.data();
        ByteBuffer memory = arena.allocate((long) data.length * bytes(type), Long.BYTES)
                .asByteBuffer()
                .order(ByteOrder.nativeOrder());
        return switch (type) {
            case FLOAT32 ->
                OnnxTensor.createTensor(
                        environment, memory.asFloatBuffer().put(data).flip(), shape);
            case FLOAT16 -> OnnxTensor.createTensor(environment, halves(memory, data), shape, OnnxJavaType.FLOAT16);
            case FLOAT64 -> OnnxTensor.createTensor(environment, doubles(memory, data), shape);
            case INT32 -> OnnxTensor.createTensor(environment, ints(memory, data), shape);
            case INT64 -> OnnxTensor.createTensor(environment, longs(memory, data), shape);
            case BOOL -> OnnxTensor.createTensor(environment, flags(memory, data), shape, OnnxJavaType.BOOL);
        };
    }

    private static int bytes(ElementType type) {
        return switch (type) {
            case BOOL -> Byte.BYTES;
            case FLOAT16 -> Short.BYTES;
            case FLOAT32, INT32 -> Float.BYTES;
            case FLOAT64, INT64 -> Double.BYTES;
        };
    }

    private static ByteBuffer halves(ByteBuffer memory, float[] data) {
        for (float value : data) {
            memory.putShort(Float.floatToFloat16(value));
        }
        return memory.flip();
    }

    private static ByteBuffer flags(ByteBuffer memory, float[] data) {
        for (float value : data) {
            memory.put((byte) (value == 0 ? 0 : 1));
        }
        return memory.flip();
    }

    private static DoubleBuffer doubles(ByteBuffer memory, float[] data) {
        DoubleBuffer target = memory.asDoubleBuffer();
        for (float value : data) {
            target.put(value);
        }
        return target.flip();
    }

    private static IntBuffer ints(ByteBuffer memory, float[] data) {
        IntBuffer target = memory.asIntBuffer();
        for (float value : data) {
            target.put((int) whole(value));
        }
        return target.flip();
    }

    private static LongBuffer longs(ByteBuffer memory, float[] data) {
        LongBuffer target = memory.asLongBuffer();
        for (float value : data) {
            target.put(whole(value));
        }
        return target.flip();
    }

    private static long whole(float value) {
        if (value != Math.rint(value) || Math.abs(value) > 1 << 24) {
            throw new IllegalArgumentException("not a whole number that float32 holds exactly: " + value);
        }
        return (long) value;
    }

    static Tensor copy(OnnxTensor tensor, ElementType type) {
        int[] shape = Arrays.stream(tensor.getInfo().getShape())
                .mapToInt(Math::toIntExact)
                .toArray();
        return Tensor.of(values(tensor, type), shape);
    }

    private static float[] values(OnnxTensor tensor, ElementType type) {
        return switch (type) {
            case FLOAT16, FLOAT32 -> floats(tensor.getFloatBuffer());
            case FLOAT64 -> {
                DoubleBuffer source = tensor.getDoubleBuffer();
                yield floats(source, source::get);
            }
            case INT32 -> {
                IntBuffer source = tensor.getIntBuffer();
                yield floats(source, source::get);
            }
            case INT64 -> {
                LongBuffer source = tensor.getLongBuffer();
                yield floats(source, source::get);
            }
            case BOOL -> {
                ByteBuffer source = tensor.getByteBuffer();
                yield floats(source, source::get);
            }
        };
    }

    private static float[] floats(FloatBuffer source) {
        float[] values = new float[source.remaining()];
        source.get(values);
        return values;
    }

    private static float[] floats(Buffer source, IntToDoubleFunction value) {
        float[] values = new float[source.remaining()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) value.applyAsDouble(i);
        }
        return values;
    }
}
