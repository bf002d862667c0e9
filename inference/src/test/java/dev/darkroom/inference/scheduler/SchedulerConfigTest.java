// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.darkroom.inference.tensor.Tensor;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a configuration may say, and what it may not. */
final class SchedulerConfigTest {
    private static SchedulerConfig config(String options) {
        try {
            return SchedulerConfig.of(new ObjectMapper().readTree(options.replace('\'', '"')));
        } catch (IOException e) {
            throw new IllegalArgumentException(e);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    DDIM  | 'timestep_spacing': 'uneven'         | timestep_spacing is "uneven", known are [leading, trailing, linspace]
                    DDIM  | 'prediction_type': 'flow_prediction' | prediction_type is "flow_prediction"
                    DDIM  | 'beta_schedule': 'sigmoid'           | beta_schedule is sigmoid, known are [linear, scaled_linear, squaredcos_cap_v2]
                    DDIM  | 'clip_sample': 'yes'                 | clip_sample is "yes", expected true or false
                    DDIM  | 'steps_offset': 0.5                  | steps_offset is 0.5, expected a whole number
                    DDIM  | 'trained_betas': [0.1]               | trained_betas has 1 values, num_train_timesteps is 1000
                    DDPM  | 'variance_type': 'fixed_large_log'   | variance_type is "fixed_large_log"
                    EULER | 'use_beta_sigmas': true              | use_beta_sigmas is not available
                    EULER | 'final_sigmas_type': 'one'           | final_sigmas_type is "one"
                    EULER | 'use_karras_sigmas': true, 'use_exponential_sigmas': true | exclude each other
                    """)
    void create_unknownOption_isRefusedByName(SchedulerType type, String option, String message) {
        SchedulerConfig config = config("{'_class_name': 'DDIMScheduler', " + option + "}");
        assertThatThrownBy(() -> type.create(config, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void of_unknownClass_isRefusedNamingTheKnownOnes() {
        assertThatThrownBy(() -> SchedulerType.of(config("{'_class_name': 'PNDMScheduler'}")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "scheduler class PNDMScheduler is not available, known are [DDIMScheduler, DDPMScheduler, EulerDiscreteScheduler]");
    }

    @Test
    void of_noClass_isRefused() {
        assertThatThrownBy(() -> config("{}")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> config("[]")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void create_keyThatDiffusersFilledIn_isTheClassDefault() {
        SchedulerConfig config = config(
                "{'_class_name': 'DDIMScheduler', 'timestep_spacing': 'leading', '_use_default_values': ['timestep_spacing']}");
        assertThat(SchedulerType.EULER.create(config, 0).schedule(2).timestep(0))
                .isEqualTo(999); // linspace
    }

    @Test
    void create_etaOfAnotherSampler_isRefused() {
        assertThatThrownBy(() -> SchedulerType.EULER.create(config("{'_class_name': 'DDIMScheduler'}"), 0.5f))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("eta");
    }

    @Test
    void schedule_epsilonAtZeroSignal_isRefused() {
        SchedulerConfig config = config(
                "{'_class_name': 'DDIMScheduler', 'rescale_betas_zero_snr': true, 'timestep_spacing': 'trailing'}");
        assertThatThrownBy(() -> SchedulerType.DDIM.create(config, 0).schedule(10))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("rescale_betas_zero_snr");
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "1001, 0", "-1, 0", "1000, 1"})
    void schedule_stepsThatDoNotFit_areRefused(int steps, int offset) {
        SchedulerConfig config = config("{'_class_name': 'DDIMScheduler'}").with("steps_offset", offset);
        assertThatThrownBy(() -> SchedulerType.DDIM.create(config, 0).schedule(steps))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void timestep_trailingCountThatDiffusersOverruns_endsAboveZero() {
        Schedule schedule = SchedulerType.EULER
                .create(config("{'_class_name': 'EulerDiscreteScheduler', 'timestep_spacing': 'trailing'}"), 0)
                .schedule(61);
        assertThat(schedule.length()).isEqualTo(61);
        assertThat(schedule.timestep(60)).isEqualTo(15);
    }

    @Test
    void step_deterministicSampler_drawsNoNoise() {
        Schedule schedule = SchedulerType.DDIM
                .create(config("{'_class_name': 'DDIMScheduler'}"), 0)
                .schedule(3);
        AtomicInteger draws = new AtomicInteger();
        Tensor latents = Tensor.zeros(1, 4, 2, 2);
        schedule.step(latents, latents, 0, () -> {
            draws.incrementAndGet();
            return latents;
        });
        assertThat(draws).hasValue(0);
    }
}
