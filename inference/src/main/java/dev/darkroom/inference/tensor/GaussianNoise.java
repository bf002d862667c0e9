// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tensor;

/**
 * Standard normal noise, bit-equal to {@code torch.randn(shape, generator=torch.Generator("cpu").manual_seed(seed))} in float32
 * on x86-64 with AVX2: the mt19937 generator and both of torch's Box-Muller paths (16 values and more at a time; fewer). So a
 * seed gives the latents that diffusers gives, on every CPU that runs Java.
 *
 * <p>Consecutive draws continue one stream, as with one torch generator: draw order and shapes decide the numbers. One instance
 * per picture; not thread-safe.
 *
 * <p>Sources: ATen/core/MT19937RNGEngine.h, ATen/core/DistributionsHelper.h, ATen/native/cpu/DistributionTemplates.h
 * ({@code normal_fill_AVX2}) and ATen/native/cpu/avx_mathfun.h of PyTorch, after Cephes' logf and sincosf.
 */
public final class GaussianNoise {
    /** Values of one vectorised Box-Muller block: eight radii, eight angles. */
    private static final int BLOCK = 16;

    private final MersenneTwister random;
    private double spare;

    private GaussianNoise(MersenneTwister random, double spare) {
        this.random = random;
        this.spare = spare;
    }

    /** Starts the stream of a seed. Only the low 32 bits count, as in torch. */
    public static GaussianNoise seeded(long seed) {
        return new GaussianNoise(new MersenneTwister((int) seed), Double.NaN);
    }

    /** Continues the stream of a seed where {@link #position} was taken; replays the draws before it. */
    public static GaussianNoise resumed(long seed, Position position) {
        MersenneTwister random = new MersenneTwister((int) seed);
        random.skip(position.draws());
        return new GaussianNoise(random, position.spare());
    }

    /**
     * A place in the stream of a seed.
     *
     * @param draws 32-bit words taken from the generator so far
     * @param spare the second value of a Box-Muller pair that waits for the next draw of fewer than 16 values; NaN if none
     */
    public record Position(long draws, double spare) {
        public static final Position START = new Position(0, Double.NaN);

        public Position {
            if (draws < 0) {
                throw new IllegalArgumentException("negative noise position " + draws);
            }
        }
    }

    public Position position() {
        return new Position(random.draws(), spare);
    }

    /** Draws one tensor. */
    public Tensor next(int... shape) {
        Tensor noise = Tensor.zeros(shape);
        float[] values = noise.data(); // not published yet, so still ours to write
        if (values.length >= BLOCK) {
            fill(values);
        } else {
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) nextValue();
            }
        }
        return noise;
    }

    /** Uniforms first, then blocks of 16 in place; a ragged end transforms the last 16 positions again from fresh uniforms. */
    private void fill(float[] values) {
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextFloat();
        }
        for (int start = 0; start + BLOCK <= values.length; start += BLOCK) {
            boxMuller(values, start);
        }
        if (values.length % BLOCK != 0) {
            int start = values.length - BLOCK;
            for (int i = start; i < values.length; i++) {
                values[i] = random.nextFloat();
            }
            boxMuller(values, start);
        }
    }

    private static void boxMuller(float[] values, int start) {
        for (int i = start; i < start + 8; i++) {
            float radius = (float) Math.sqrt(-2f * CephesFloat.log(1f - values[i]));
            float theta = 6.2831855f * values[i + 8];
            values[i] =
                    radius * CephesFloat.cos(theta) + 0f; // + 0: the mean of fmadd(x, std, mean), which turns -0 into 0
            values[i + 8] = radius * CephesFloat.sin(theta) + 0f;
        }
    }

    /** The path for fewer than 16 values: pairs in float64, the second of each kept for the next call. */
    private double nextValue() {
        if (!Double.isNaN(spare)) {
            double value = spare;
            spare = Double.NaN;
            return value;
        }
        double u1 = random.nextDouble();
        double u2 = random.nextDouble();
        double radius = Math.sqrt(-2 * Math.log1p(-u2));
        double theta = 2 * Math.PI * u1;
        spare = radius * Math.sin(theta);
        return radius * Math.cos(theta);
    }
}
