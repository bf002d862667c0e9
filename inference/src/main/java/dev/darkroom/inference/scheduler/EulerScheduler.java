// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import dev.darkroom.inference.tensor.Tensor;
import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Supplier;

/**
 * Euler's method on the probability flow: algorithm 2 of Karras et al. 2022 (arXiv:2206.00364) without churn.
 *
 * <p>Numerically equal to diffusers' {@code EulerDiscreteScheduler} for the same configuration; {@code use_beta_sigmas} is refused.
 */
final class EulerScheduler implements Scheduler {
    /** How sigmas between training timesteps are found. */
    enum Interpolation {
        LINEAR,
        LOG_LINEAR
    }

    /** What the sigmas of a generation follow. */
    enum SigmaSchedule {
        TRAINING,
        KARRAS,
        EXPONENTIAL
    }

    /** What the network is told: the training timestep, or a quarter of the sigma's logarithm (v-prediction only). */
    enum TimestepType {
        DISCRETE,
        CONTINUOUS
    }

    /** Where the last step arrives. */
    enum FinalSigma {
        ZERO,
        SIGMA_MIN
    }

    private final float[] trainSigmas; // noise to signal ratio of each training timestep, growing
    private final PredictionType predictionType;
    private final Interpolation interpolation;
    private final SigmaSchedule sigmaSchedule;
    private final double sigmaMin; // of a Karras or exponential schedule; NaN means the training schedule's
    private final double sigmaMax;
    private final TimestepSpacing spacing;
    private final TimestepType timestepType;
    private final int stepsOffset;
    private final FinalSigma finalSigma;

    EulerScheduler(SchedulerConfig config) {
        config.refuse("use_beta_sigmas");
        this.trainSigmas = trainSigmas(config);
        this.predictionType = config.choice("prediction_type", PredictionType.EPSILON);
        this.interpolation = config.choice("interpolation_type", Interpolation.LINEAR);
        this.sigmaSchedule = sigmaSchedule(config);
        this.sigmaMin = config.real("sigma_min", Double.NaN);
        this.sigmaMax = config.real("sigma_max", Double.NaN);
        this.spacing = config.choice("timestep_spacing", TimestepSpacing.LINSPACE);
        this.timestepType = config.choice("timestep_type", TimestepType.DISCRETE);
        this.stepsOffset = config.integer("steps_offset", 0);
        this.finalSigma = config.choice("final_sigmas_type", FinalSigma.ZERO);
    }

    private static float[] trainSigmas(SchedulerConfig config) {
        float[] alphasCumprod = NoiseSchedules.alphasCumprod(config, NoiseSchedules.COMMON);
        float[] sigmas = new float[alphasCumprod.length];
        for (int i = 0; i < sigmas.length; i++) {
            sigmas[i] = NoiseSchedules.sqrt((1 - alphasCumprod[i]) / alphasCumprod[i]);
        }
        if (config.flag("rescale_betas_zero_snr", false)) {
            sigmas[sigmas.length - 1] = 0x1p12f; // diffusers leaves a signal of 2^-24, so that sigma stays finite
        }
        return sigmas;
    }

    private static SigmaSchedule sigmaSchedule(SchedulerConfig config) {
        boolean karras = config.flag("use_karras_sigmas", false);
        boolean exponential = config.flag("use_exponential_sigmas", false);
        if (karras && exponential) {
            throw new IllegalArgumentException(
                    "scheduler options use_karras_sigmas and use_exponential_sigmas exclude each other");
        }
        return karras ? SigmaSchedule.KARRAS : exponential ? SigmaSchedule.EXPONENTIAL : SigmaSchedule.TRAINING;
    }

    @Override
    public Schedule schedule(int numInferenceSteps) {
        double[] spaced = spacing.timesteps(numInferenceSteps, trainSigmas.length, stepsOffset);
        double[] sigmas = sigmas(spaced);
        double last = finalSigma == FinalSigma.ZERO ? 0 : trainSigmas[0];
        return new Steps(
                floats(timesteps(spaced, sigmas), numInferenceSteps), floats(append(sigmas, last), sigmas.length + 1));
    }

    private double[] sigmas(double[] spaced) {
        double[] base = switch (interpolation) {
            case LINEAR -> Arrays.stream(spaced).map(t -> sigmaAt((float) t)).toArray();
            case LOG_LINEAR -> logLinear(spaced.length + 1);
        };
        return switch (sigmaSchedule) {
            case TRAINING -> base;
            case KARRAS -> karras(base, spaced.length);
            case EXPONENTIAL -> exponential(base, spaced.length);
        };
    }

    private double[] timesteps(double[] spaced, double[] sigmas) {
        if (timestepType == TimestepType.CONTINUOUS && predictionType == PredictionType.V_PREDICTION) {
            return Arrays.stream(sigmas).map(sigma -> 0.25 * Math.log(sigma)).toArray();
        }
        return sigmaSchedule == SigmaSchedule.TRAINING
                ? spaced
                : Arrays.stream(sigmas).map(this::timestepOf).toArray();
    }

    private double sigmaAt(double timestep) {
        int below = (int) Math.min(Math.floor(timestep), trainSigmas.length - 2.0);
        return trainSigmas[below] + (timestep - below) * ((double) trainSigmas[below + 1] - trainSigmas[below]);
    }

    /** Evenly spaced logarithms over the whole training range; with the step to the smallest sigma there is one value more. */
    private double[] logLinear(int count) {
        float[] logs = NoiseSchedules.linspace(
                (float) Math.log(trainSigmas[trainSigmas.length - 1]), (float) Math.log(trainSigmas[0]), count);
        double[] sigmas = new double[count];
        Arrays.setAll(sigmas, i -> (float) Math.exp(logs[i]));
        return sigmas;
    }

    /** Eq. 5 of Karras et al. 2022 with rho = 7. */
    private double[] karras(double[] base, int steps) {
        double first = Math.pow(largest(base), 1 / 7.0);
        double last = Math.pow(smallest(base), 1 / 7.0);
        return ramp(first, last, steps, root -> Math.pow(root, 7));
    }

    private double[] exponential(double[] base, int steps) {
        return ramp(Math.log(largest(base)), Math.log(smallest(base)), steps, Math::exp);
    }

    private double largest(double[] sigmas) {
        return Double.isNaN(sigmaMax) ? sigmas[0] : sigmaMax;
    }

    private double smallest(double[] sigmas) {
        return Double.isNaN(sigmaMin) ? sigmas[sigmas.length - 1] : sigmaMin;
    }

    private static double[] ramp(double first, double last, int steps, DoubleUnaryOperator inverse) {
        double[] values = new double[steps];
        Arrays.setAll(
                values, i -> inverse.applyAsDouble(first + (steps == 1 ? 0 : i / (steps - 1.0)) * (last - first)));
        return values;
    }

    /** Interpolates the training timestep of a sigma in log space, within the trained range. */
    private double timestepOf(double sigma) {
        double log = Math.log(Math.max(sigma, 1e-10));
        int low = 0;
        while (low < trainSigmas.length - 2 && Math.log(trainSigmas[low + 1]) <= log) {
            low++;
        }
        double below = Math.log(trainSigmas[low]);
        double above = Math.log(trainSigmas[low + 1]);
        double weight = Math.clamp((below - log) / (below - above), 0.0, 1.0);
        return (1 - weight) * low + weight * (low + 1);
    }

    private static double[] append(double[] values, double last) {
        double[] longer = Arrays.copyOf(values, values.length + 1);
        longer[values.length] = last;
        return longer;
    }

    private static float[] floats(double[] values, int count) {
        float[] floats = new float[count];
        for (int i = 0; i < count; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    private final class Steps implements Schedule {
        private final float[] timesteps;
        private final float[] sigmas; // longer than timesteps: sigmas[i + 1] is where step i arrives

        Steps(float[] timesteps, float[] sigmas) {
            this.timesteps = timesteps;
            this.sigmas = sigmas;
        }

        @Override
        public int length() {
            return timesteps.length;
        }

        @Override
        public float timestep(int step) {
            return timesteps[step];
        }

        @Override
        public float initNoiseSigma() {
            float max = 0;
            for (float sigma : sigmas) {
                max = Math.max(max, sigma);
            }
            return spacing == TimestepSpacing.LEADING ? NoiseSchedules.sqrt(max * max + 1) : max;
        }

        @Override
        public Tensor scaleModelInput(Tensor latents, int step) {
            return Tensor.divide(latents, NoiseSchedules.sqrt(sigmas[step] * sigmas[step] + 1));
        }

        @Override
        public SchedulerOutput step(Tensor modelOutput, Tensor latents, int step, Supplier<Tensor> noise) {
            float sigma = sigmas[step];
            Tensor original = originalSample(modelOutput, latents, sigma);
            Tensor derivative = Tensor.divide(Tensor.minus(latents, original), sigma);
            return new SchedulerOutput(Tensor.plus(latents, sigmas[step + 1] - sigma, derivative), original);
        }

        private Tensor originalSample(Tensor modelOutput, Tensor latents, float sigma) {
            float variance = sigma * sigma + 1;
            return switch (predictionType) {
                case EPSILON -> Tensor.plus(latents, -sigma, modelOutput);
                case SAMPLE -> modelOutput;
                case V_PREDICTION ->
                    Tensor.plus(Tensor.divide(latents, variance), -sigma / NoiseSchedules.sqrt(variance), modelOutput);
            };
        }
    }
}
