// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import java.util.EnumSet;
import java.util.Set;
import java.util.function.DoubleUnaryOperator;

/**
 * How much signal is left at each training timestep.
 *
 * <p>Arithmetic is torch's: float32 with a float64 running product, so that the last bits agree with diffusers.
 */
final class NoiseSchedules {
    /** The shape of the noise's growth. */
    enum BetaSchedule {
        LINEAR,
        SCALED_LINEAR,
        SQUAREDCOS_CAP_V2,
        LAPLACE,
        SIGMOID,
        EXP
    }

    /**
     * What a sampler's class knows of betas and takes where the file says nothing.
     *
     * @param start first beta
     * @param end last beta
     * @param rescales whether it reads rescale_betas_zero_snr
     */
    record BetaOptions(Set<BetaSchedule> known, BetaSchedule schedule, double start, double end, boolean rescales) {
        private BetaOptions with(BetaSchedule another) {
            Set<BetaSchedule> more = EnumSet.copyOf(known);
            more.add(another);
            return new BetaOptions(more, schedule, start, end, rescales);
        }

        private BetaOptions withoutRescale() {
            return new BetaOptions(known, schedule, start, end, false);
        }
    }

    private static final Set<BetaSchedule> COMMON =
            EnumSet.of(BetaSchedule.LINEAR, BetaSchedule.SCALED_LINEAR, BetaSchedule.SQUAREDCOS_CAP_V2);

    /** DDIM, Euler, Euler ancestral, DPM-Solver multistep and UniPC. */
    static final BetaOptions STANDARD = new BetaOptions(COMMON, BetaSchedule.LINEAR, 0.0001, 0.02, true);

    static final BetaOptions DDPM = STANDARD.with(BetaSchedule.LAPLACE).with(BetaSchedule.SIGMOID);

    /** PNDM, LMS and DPM-Solver single step. */
    static final BetaOptions NEVER_RESCALED = STANDARD.withoutRescale();

    /** DPM2, DPM2 ancestral and DPM++ SDE. */
    static final BetaOptions SECOND_ORDER = new BetaOptions(COMMON, BetaSchedule.LINEAR, 0.00085, 0.012, false);

    static final BetaOptions HEUN = SECOND_ORDER.with(BetaSchedule.EXP);

    /** LCM and TCD. */
    static final BetaOptions DISTILLED = new BetaOptions(COMMON, BetaSchedule.SCALED_LINEAR, 0.00085, 0.012, true);

    private NoiseSchedules() {}

    /** Returns abar_t, the product of 1 - beta up to t, for every training timestep; [0] is nearly 1, the last nearly or exactly 0. */
    static float[] alphasCumprod(SchedulerConfig config, BetaOptions options) {
        float[] betas = betas(config, options);
        return alphasCumprod(rescales(config, options) ? rescaleZeroTerminalSnr(betas) : betas);
    }

    /** As {@link #alphasCumprod}, with a signal of 2^-24 instead of none, as diffusers leaves it where sigma has to be finite. */
    static float[] positiveAlphasCumprod(SchedulerConfig config, BetaOptions options) {
        float[] alphasCumprod = alphasCumprod(config, options);
        if (rescales(config, options)) {
            alphasCumprod[alphasCumprod.length - 1] = 0x1p-24f;
        }
        return alphasCumprod;
    }

    private static boolean rescales(SchedulerConfig config, BetaOptions options) {
        return options.rescales() && config.flag("rescale_betas_zero_snr", false);
    }

    private static float[] betas(SchedulerConfig config, BetaOptions options) {
        int count = config.numTrainTimesteps();
        float[] trained = config.reals("trained_betas");
        if (trained != null) {
            return requireLength(trained, count);
        }
        double start = config.real("beta_start", options.start());
        double end = config.real("beta_end", options.end());
        return switch (config.choice("beta_schedule", options.schedule(), options.known())) {
            case LINEAR -> linspace((float) start, (float) end, count);
            case SCALED_LINEAR -> squared(linspace((float) Math.sqrt(start), (float) Math.sqrt(end), count));
            case SQUAREDCOS_CAP_V2 -> forAlphaBar(count, NoiseSchedules::cosineAlphaBar);
            case LAPLACE -> forAlphaBar(count, NoiseSchedules::laplaceAlphaBar);
            case SIGMOID -> sigmoid((float) start, (float) end, count);
            case EXP -> forAlphaBar(count, t -> Math.exp(-12 * t));
        };
    }

    private static float[] requireLength(float[] betas, int count) {
        if (betas.length != count) {
            throw new IllegalArgumentException(
                    "scheduler option trained_betas has " + betas.length + " values, num_train_timesteps is " + count);
        }
        return betas;
    }

    /** torch.linspace: the second half is counted back from the end. */
    static float[] linspace(float start, float end, int count) {
        float[] values = new float[count];
        float step = count == 1 ? 0 : (end - start) / (count - 1);
        for (int i = 0; i < count; i++) {
            values[i] = i < count / 2 ? Math.fma(step, i, start) : Math.fma(-step, count - 1 - i, end);
        }
        if (count == 1) {
            values[0] = start;
        }
        return values;
    }

    private static float[] squared(float[] values) {
        for (int i = 0; i < values.length; i++) {
            values[i] *= values[i];
        }
        return values;
    }

    private static float[] sigmoid(float start, float end, int count) {
        float[] betas = linspace(-6, 6, count);
        for (int i = 0; i < count; i++) {
            betas[i] = (float) (1 / (1 + Math.exp(-betas[i]))) * (end - start) + start;
        }
        return betas;
    }

    /** Nichol and Dhariwal 2021 (arXiv:2102.09672), eq. 17 with the betas capped at 0.999. */
    private static float[] forAlphaBar(int count, DoubleUnaryOperator alphaBar) {
        float[] betas = new float[count];
        for (int i = 0; i < count; i++) {
            double ratio =
                    alphaBar.applyAsDouble((i + 1) / (double) count) / alphaBar.applyAsDouble(i / (double) count);
            betas[i] = (float) Math.min(1 - ratio, 0.999);
        }
        return betas;
    }

    private static double cosineAlphaBar(double t) {
        double cosine = Math.cos((t + 0.008) / 1.008 * Math.PI / 2);
        return cosine * cosine;
    }

    private static double laplaceAlphaBar(double t) {
        double lambda = -0.5 * Math.copySign(1, 0.5 - t) * Math.log(1 - 2 * Math.abs(0.5 - t) + 1e-6);
        double snr = Math.exp(lambda);
        return Math.sqrt(snr / (1 + snr));
    }

    private static float[] alphasCumprod(float[] betas) {
        float[] products = new float[betas.length];
        double product = 1;
        for (int i = 0; i < betas.length; i++) {
            product *= 1 - betas[i];
            products[i] = (float) product;
        }
        return products;
    }

    /** Lin et al. 2023 (arXiv:2305.08891), algorithm 1: shifts and stretches sqrt(abar) so that the last timestep holds no signal. */
    private static float[] rescaleZeroTerminalSnr(float[] betas) {
        float[] bar = alphasCumprod(betas);
        float first = sqrt(bar[0]);
        float last = sqrt(bar[bar.length - 1]);
        float stretch = first / (first - last);
        for (int i = 0; i < bar.length; i++) {
            float shifted = (sqrt(bar[i]) - last) * stretch;
            bar[i] = shifted * shifted;
        }
        float[] rescaled = new float[bar.length];
        for (int i = 0; i < bar.length; i++) {
            rescaled[i] = 1 - (i == 0 ? bar[0] : bar[i] / bar[i - 1]);
        }
        return rescaled;
    }

    static float sqrt(float x) {
        return (float) Math.sqrt(x);
    }
}
