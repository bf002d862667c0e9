// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import dev.darkroom.inference.scheduler.History;
import dev.darkroom.inference.tensor.GaussianNoise;
import dev.darkroom.inference.tensor.Tensor;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A {@link LoopState} as bytes, to the bit, big-endian: the mark and the version of this form (int32 each), the step, the steps that the
 * history counts, the noise positions (a count; int64 words and float64 spare each), the latents, and the history's tensors (a count; name,
 * tensor). A name is its length in bytes and UTF-8, a tensor its rank, dimensions and float32 values.
 *
 * <p>No checksum: who stores the bytes has one.
 */
public final class LoopStateFormat {
    private static final int MARK = 0x444b4c53; // DKLS
    private static final int VERSION = 1;

    private static final int MAX_RANK = 8;
    private static final int MAX_ENTRIES = 64;
    private static final int MAX_NAME = 64;

    private LoopStateFormat() {}

    /** Writes a state. */
    public static byte[] write(LoopState state) {
        ByteBuffer out = ByteBuffer.allocate(size(state));
        out.putInt(MARK)
                .putInt(VERSION)
                .putInt(state.step())
                .putInt(state.history().steps());
        out.putInt(state.noise().size());
        state.noise().forEach(at -> out.putLong(at.draws()).putDouble(at.spare()));
        put(out, state.latents());
        out.putInt(state.history().tensors().size());
        state.history().tensors().forEach((name, tensor) -> {
            byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
            put(out.putInt(utf8.length).put(utf8), tensor);
        });
        return out.array();
    }

    private static int size(LoopState state) {
        int history = state.history().tensors().entrySet().stream()
                .mapToInt(entry ->
                        Integer.BYTES + entry.getKey().getBytes(StandardCharsets.UTF_8).length + size(entry.getValue()))
                .sum();
        int noise = state.noise().size() * (Long.BYTES + Double.BYTES);
        return 6 * Integer.BYTES + noise + size(state.latents()) + history;
    }

    private static int size(Tensor tensor) {
        return Math.multiplyExact(1 + tensor.rank() + tensor.size(), Integer.BYTES);
    }

    private static void put(ByteBuffer out, Tensor tensor) {
        out.putInt(tensor.rank());
        for (int dimension : tensor.shape()) {
            out.putInt(dimension);
        }
        out.asFloatBuffer().put(tensor.data());
        out.position(out.position() + tensor.size() * Float.BYTES);
    }

    /**
     * Reads a state, from anywhere: what it takes is bounded by the length of {@code bytes}.
     *
     * @throws IllegalArgumentException if the bytes are none, saying why
     */
    public static LoopState read(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        try {
            LoopState state = read(in);
            require(!in.hasRemaining(), "the end", in.remaining() + " bytes more");
            return state;
        } catch (BufferUnderflowException e) {
            throw new IllegalArgumentException("cut short at " + bytes.length + " bytes", e);
        }
    }

    private static LoopState read(ByteBuffer in) {
        require(in.getInt() == MARK, "the mark of a loop state", "something else");
        int version = in.getInt();
        require(version == VERSION, "version " + VERSION, String.valueOf(version));
        int step = in.getInt();
        int historySteps = in.getInt();
        List<GaussianNoise.Position> noise = new ArrayList<>();
        for (int left = count(in, Integer.MAX_VALUE); left > 0; left--) {
            noise.add(new GaussianNoise.Position(in.getLong(), in.getDouble()));
        }
        Tensor latents = tensor(in);
        Map<String, Tensor> history = new TreeMap<>();
        for (int left = count(in, MAX_ENTRIES); left > 0; left--) {
            history.put(name(in), tensor(in));
        }
        return new LoopState(step, latents, new History(historySteps, history), noise);
    }

    private static String name(ByteBuffer in) {
        byte[] utf8 = new byte[count(in, MAX_NAME)];
        in.get(utf8);
        return new String(utf8, StandardCharsets.UTF_8);
    }

    private static Tensor tensor(ByteBuffer in) {
        int[] shape = new int[count(in, MAX_RANK)];
        long size = 1;
        for (int axis = 0; axis < shape.length; axis++) {
            shape[axis] = count(in, Integer.MAX_VALUE);
            size = Math.min(size * shape[axis], Integer.MAX_VALUE);
        }
        if (size > in.remaining() / Float.BYTES) {
            throw new BufferUnderflowException();
        }
        float[] values = new float[(int) size];
        in.asFloatBuffer().get(values);
        in.position(in.position() + values.length * Float.BYTES);
        return Tensor.of(values, shape);
    }

    private static int count(ByteBuffer in, int most) {
        int count = in.getInt();
        require(count >= 0 && count <= most, "0 to " + most, String.valueOf(count));
        return count;
    }

    private static void require(boolean good, String expected, String found) {
        if (!good) {
            throw new IllegalArgumentException("expected " + expected + ", found " + found);
        }
    }
}
