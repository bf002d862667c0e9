// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import dev.darkroom.inference.tensor.Tensor;
import java.util.Arrays;
import java.util.stream.IntStream;

/** Keeps predicted clean samples in range, for models that work on pixels; latent-space models switch it off. */
sealed interface SampleRange {
    /** Leaves the sample alone. */
    record Unlimited() implements SampleRange {}

    /** Cuts at a fixed magnitude. */
    record Clip(float range) implements SampleRange {}

    /**
     * Dynamic thresholding, section 2.3 of Saharia et al. 2022 (arXiv:2205.11487).
     *
     * @param ratio quantile of the magnitudes that becomes the new limit
     * @param maxValue largest limit
     */
    record Threshold(double ratio, float maxValue) implements SampleRange {
        private Tensor limitRows(Tensor sample) {
            return Tensor.concat(IntStream.range(0, sample.dim(0))
                    .mapToObj(i -> limitRow(sample.row(i)))
                    .toList());
        }

        private Tensor limitRow(Tensor row) {
            float limit = Math.min(Math.max(quantile(row.data()), 1), maxValue);
            return Tensor.divide(Tensor.clamp(row, -limit, limit), limit);
        }

        /** torch.quantile of the magnitudes: linear interpolation between the two nearest ranks. */
        private float quantile(float[] values) {
            float[] magnitudes = new float[values.length];
            for (int i = 0; i < values.length; i++) {
                magnitudes[i] = Math.abs(values[i]);
            }
            Arrays.sort(magnitudes);
            double rank = ratio * (magnitudes.length - 1);
            float below = magnitudes[(int) Math.floor(rank)];
            float above = magnitudes[(int) Math.ceil(rank)];
            return below + (above - below) * (float) (rank - Math.floor(rank));
        }
    }

    /** Reads both options; {@code clips} is the class's own answer where the file has none. */
    static SampleRange of(SchedulerConfig config, boolean clips) {
        SampleRange threshold = thresholdOf(config);
        return threshold instanceof Unlimited ? clipOf(config, clips) : threshold;
    }

    /** Reads {@code thresholding} alone, for classes that never clip. */
    static SampleRange thresholdOf(SchedulerConfig config) {
        return config.flag("thresholding", false)
                ? new Threshold(
                        config.real("dynamic_thresholding_ratio", 0.995), (float) config.real("sample_max_value", 1.0))
                : new Unlimited();
    }

    /** Reads {@code clip_sample} alone, for classes that know no threshold. */
    static SampleRange clipOf(SchedulerConfig config, boolean clips) {
        return config.flag("clip_sample", clips)
                ? new Clip((float) config.real("clip_sample_range", 1.0))
                : new Unlimited();
    }

    /** Returns {@code sample} (N, ...) in range, each row by itself. */
    default Tensor limit(Tensor sample) {
        return switch (this) {
            case Unlimited() -> sample;
            case Clip(float range) -> Tensor.clamp(sample, -range, range);
            case Threshold threshold -> threshold.limitRows(sample);
        };
    }
}
