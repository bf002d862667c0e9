// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import static org.assertj.core.api.Assertions.assertThat;

import dev.darkroom.inference.tensor.Tensor;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

final class GuidanceTest {
    private static final Tensor NEGATIVE = Tensor.of(new float[] {1, -2, 3, 0.5f}, 1, 1, 2, 2);
    private static final Tensor POSITIVE = Tensor.of(new float[] {2, -1, 0, 1.5f}, 1, 1, 2, 2);

    @Test
    void apply_withoutRescale_goesFromNegativeBeyondPositive() {
        assertThat(new Guidance(3, 0).apply(NEGATIVE, POSITIVE).data()).containsExactly(4, 1, -6, 3.5f);
    }

    /** Recorded from diffusers 0.39.0, rescale_noise_cfg(guided, positive, guidance_rescale). */
    @Test
    void apply_withRescale_agreesWithDiffusers() {
        assertThat(new Guidance(3, 0.7f).apply(NEGATIVE, POSITIVE).data())
                .containsExactly(RESCALED, Offset.offset(1e-6f));
        assertThat(new Guidance(3, 1).apply(NEGATIVE, POSITIVE).data())
                .containsExactly(FULLY_RESCALED, Offset.offset(1e-6f));
    }

    private static final float[] RESCALED = {2.0367422f, 0.50918555f, -3.0551133f, 1.7821494f};
    private static final float[] FULLY_RESCALED = {1.1953459f, 0.29883647f, -1.7930188f, 1.0459276f};

    @Test
    void enabled_atOneOrBelow_isFalse() {
        assertThat(new Guidance(1, 0).enabled()).isFalse();
        assertThat(new Guidance(1.01f, 0).enabled()).isTrue();
    }
}
