// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tensor;

import java.util.Arrays;
import java.util.List;

/**
 * A float32 array with a shape, row-major (the last dimension is contiguous), on the heap.
 *
 * <p>Immutable by convention: {@link #of} takes the array over and {@link #data} hands it out, both without a copy, and nobody
 * writes to it afterwards. Under that rule a tensor may be shared between threads. Latents are small (4 KiB to 256 KiB), so
 * every operation returns a new tensor; native memory lives only inside {@code OrtModel.run}.
 */
public final class Tensor {
    private final int[] shape;
    private final float[] data;

    private Tensor(float[] data, int[] shape) {
        this.data = data;
        this.shape = shape;
    }

    /**
     * Takes {@code data} over; a shape without dimensions is a scalar.
     *
     * @throws IllegalArgumentException if the shape has a negative dimension or does not hold {@code data.length} values
     */
    public static Tensor of(float[] data, int... shape) {
        if (elements(shape) != data.length) {
            throw new IllegalArgumentException(
                    "shape " + Arrays.toString(shape) + " does not hold " + data.length + " values");
        }
        return new Tensor(data, shape.clone());
    }

    public static Tensor zeros(int... shape) {
        return new Tensor(new float[elements(shape)], shape.clone());
    }

    public static Tensor scalar(float value) {
        return of(new float[] {value});
    }

    private static int elements(int[] shape) {
        long product = 1;
        for (int dimension : shape) {
            if (dimension < 0) {
                throw new IllegalArgumentException("negative dimension in shape " + Arrays.toString(shape));
            }
            product = Math.multiplyExact(product, (long) dimension);
        }
        if (product > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("shape " + Arrays.toString(shape) + " exceeds the size of an array");
        }
        return (int) product;
    }

    /** Returns a copy of the dimensions, outermost first. */
    public int[] shape() {
        return shape.clone();
    }

    public int rank() {
        return shape.length;
    }

    /** Returns one dimension; a negative {@code axis} counts from the last. */
    public int dim(int axis) {
        return shape[axis < 0 ? shape.length + axis : axis];
    }

    /** Returns the number of values. */
    public int size() {
        return data.length;
    }

    /** Returns the backing array, row-major. The caller must not write to it. */
    public float[] data() {
        return data;
    }

    public boolean sameShape(Tensor other) {
        return Arrays.equals(shape, other.shape);
    }

    /** Returns the same values under another shape, sharing the array. */
    public Tensor reshape(int... newShape) {
        return of(data, newShape);
    }

    /** Returns rows {@code from} (inclusive) to {@code to} (exclusive) along the first dimension, copied; the rank stays. */
    public Tensor rows(int from, int to) {
        if (from < 0 || from > to || to > dim(0)) {
            throw new IllegalArgumentException("rows " + from + " to " + to + " of " + Arrays.toString(shape));
        }
        int[] sliced = shape.clone();
        sliced[0] = to - from;
        int row = shape[0] == 0 ? 0 : data.length / shape[0];
        return new Tensor(Arrays.copyOfRange(data, from * row, to * row), sliced);
    }

    /** Returns row {@code index} with its batch dimension of one kept: (N, C, H, W) gives (1, C, H, W). */
    public Tensor row(int index) {
        return rows(index, index + 1);
    }

    /** Returns the first two dimensions exchanged: (A, B, ...) gives (B, A, ...), copied. */
    public static Tensor swapped(Tensor x) {
        int first = x.dim(0);
        int second = x.dim(1);
        int rest = x.size() / Math.max(1, first * second);
        float[] out = new float[x.size()];
        for (int i = 0; i < first; i++) {
            for (int j = 0; j < second; j++) {
                System.arraycopy(x.data, (i * second + j) * rest, out, (j * first + i) * rest, rest);
            }
        }
        int[] exchanged = x.shape();
        exchanged[0] = second;
        exchanged[1] = first;
        return new Tensor(out, exchanged);
    }

    /** Joins tensors along the existing first dimension: (2, C, H, W) and (1, C, H, W) give (3, C, H, W). */
    public static Tensor concat(List<Tensor> parts) {
        Tensor first = parts.getFirst();
        int[] joined = first.shape.clone();
        joined[0] = 0;
        int size = 0;
        for (Tensor part : parts) {
            if (part.rank() != first.rank() || !Arrays.equals(tail(part.shape), tail(first.shape))) {
                throw new IllegalArgumentException(
                        "cannot join " + Arrays.toString(part.shape) + " to " + Arrays.toString(first.shape));
            }
            joined[0] += part.shape[0];
            size += part.data.length;
        }
        float[] all = new float[size];
        int at = 0;
        for (Tensor part : parts) {
            System.arraycopy(part.data, 0, all, at, part.data.length);
            at += part.data.length;
        }
        return of(all, joined);
    }

    /** As {@link #concat(List)}. */
    public static Tensor concat(Tensor... parts) {
        return concat(List.of(parts));
    }

    /** Returns channels {@code from} (inclusive) to {@code to} (exclusive) of (N, C, h, w), copied. */
    public static Tensor channels(Tensor x, int from, int to) {
        int plane = x.dim(2) * x.dim(3);
        float[] kept = new float[x.dim(0) * (to - from) * plane];
        for (int n = 0; n < x.dim(0); n++) {
            System.arraycopy(x.data, (n * x.dim(1) + from) * plane, kept, n * (to - from) * plane, (to - from) * plane);
        }
        return of(kept, x.dim(0), to - from, x.dim(2), x.dim(3));
    }

    /**
     * Puts the features of two tensors side by side: (N, L, D) and (N, L, E) give (N, L, D + E).
     *
     * @throws IllegalArgumentException if they differ in more than the last dimension
     */
    public static Tensor beside(Tensor x, Tensor y) {
        int[] joined = x.shape();
        int[] other = y.shape();
        int left = joined[joined.length - 1];
        int right = other[other.length - 1];
        other[other.length - 1] = left;
        if (!Arrays.equals(joined, other)) {
            throw new IllegalArgumentException(
                    "cannot put " + Arrays.toString(x.shape) + " and " + Arrays.toString(y.shape) + " side by side");
        }
        joined[joined.length - 1] = left + right;
        Tensor both = zeros(joined);
        for (int row = 0; row < x.size() / left; row++) {
            System.arraycopy(x.data, row * left, both.data, row * (left + right), left);
            System.arraycopy(y.data, row * right, both.data, row * (left + right) + left, right);
        }
        return both;
    }

    private static int[] tail(int[] shape) {
        return Arrays.copyOfRange(shape, 1, shape.length);
    }

    /** Returns {@code a * x}. */
    public static Tensor scale(float a, Tensor x) {
        float[] out = new float[x.data.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = a * x.data[i];
        }
        return new Tensor(out, x.shape);
    }

    /**
     * Returns {@code a * x + b * y}, each product rounded to float32 before the sum, as torch does.
     *
     * @throws IllegalArgumentException if the shapes differ
     */
    public static Tensor combine(float a, Tensor x, float b, Tensor y) {
        requireSameShape(x, y);
        float[] out = new float[x.data.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = a * x.data[i] + b * y.data[i];
        }
        return new Tensor(out, x.shape);
    }

    /** Returns {@code x + b * y}. */
    public static Tensor plus(Tensor x, float b, Tensor y) {
        return combine(1f, x, b, y);
    }

    /** Returns {@code x + y}. */
    public static Tensor plus(Tensor x, Tensor y) {
        return combine(1f, x, 1f, y);
    }

    /** Returns {@code x - y}. */
    public static Tensor minus(Tensor x, Tensor y) {
        return combine(1f, x, -1f, y);
    }

    /** Returns {@code x / a}: a true division, whose rounding differs from multiplying by the reciprocal. */
    public static Tensor divide(Tensor x, float a) {
        float[] out = new float[x.data.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = x.data[i] / a;
        }
        return new Tensor(out, x.shape);
    }

    /** Returns {@code x} limited to [{@code low}, {@code high}]; NaN stays NaN. */
    public static Tensor clamp(Tensor x, float low, float high) {
        float[] out = new float[x.data.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = Math.min(Math.max(x.data[i], low), high);
        }
        return new Tensor(out, x.shape);
    }

    /** Tells whether no value is NaN or infinite. */
    public boolean isFinite() {
        for (float value : data) {
            if (!Float.isFinite(value)) {
                return false;
            }
        }
        return true;
    }

    private static void requireSameShape(Tensor x, Tensor y) {
        if (!x.sameShape(y)) {
            throw new IllegalArgumentException(
                    "shapes differ: " + Arrays.toString(x.shape) + " and " + Arrays.toString(y.shape));
        }
    }

    /** Two tensors are equal when shape and every bit pattern are ({@code NaN} equals itself, 0.0 differs from -0.0). */
    @Override
    public boolean equals(Object other) {
        return other instanceof Tensor that && sameShape(that) && Arrays.equals(data, that.data);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(shape) + Arrays.hashCode(data);
    }

    /** Names the shape only: values may be pixels, which must not reach a log. */
    @Override
    public String toString() {
        return "Tensor" + Arrays.toString(shape);
    }
}
