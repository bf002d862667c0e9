// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.darkroom.inference.tensor.Tensor;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

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
                    DDIM  | 'beta_schedule': 'sigmoid'           | beta_schedule is "sigmoid", known are [linear, scaled_linear, squaredcos_cap_v2]
                    DDIM  | 'clip_sample': 'yes'                 | clip_sample is "yes", expected true or false
                    DDIM  | 'steps_offset': 0.5                  | steps_offset is 0.5, expected a whole number
                    DDIM  | 'trained_betas': [0.1]               | trained_betas has 1 values, num_train_timesteps is 1000
                    DDPM  | 'variance_type': 'fixed_large_log'   | variance_type is "fixed_large_log"
                    EULER | 'final_sigmas_type': 'one'           | final_sigmas_type is "one"
                    EULER | 'use_karras_sigmas': true, 'use_exponential_sigmas': true | exclude each other
                    LMS   | 'use_karras_sigmas': true, 'use_beta_sigmas': true | use_karras_sigmas and use_beta_sigmas exclude each other
                    PNDM  | 'prediction_type': 'sample'          | prediction_type is "sample", known are [epsilon, v_prediction]
                    EULER_ANCESTRAL      | 'prediction_type': 'sample'              | prediction_type is "sample"
                    HEUN                 | 'beta_schedule': 'laplace'               | beta_schedule is "laplace"
                    DPM2                 | 'timestep_spacing': 'uneven'             | timestep_spacing is "uneven"
                    DPM_SOLVER_MULTISTEP | 'algorithm_type': 'dpmsolver+'           | algorithm_type is "dpmsolver+", known are [dpmsolver, dpmsolver++,
                    DPM_SOLVER_MULTISTEP | 'solver_type': 'bh3'                     | solver_type is "bh3", known are [midpoint, heun]
                    DPM_SOLVER_MULTISTEP | 'solver_order': 4                        | solver_order is 4, allowed are 1 to 3
                    DPM_SOLVER_MULTISTEP | 'algorithm_type': 'dpmsolver'            | final_sigmas_type is zero, which algorithm_type dpmsolver does not have
                    DPM_SOLVER_MULTISTEP_SDE | 'algorithm_type': 'sde-dpmsolver', 'solver_order': 3 | solver_order is 3, allowed are 1 to 2
                    DPM_SOLVER_SINGLESTEP | 'algorithm_type': 'sde-dpmsolver'       | algorithm_type is "sde-dpmsolver"
                    DPM_SOLVER_SDE       | 'noise_sampler_seed': 7                  | noise_sampler_seed is not available
                    UNIPC                | 'solver_p': 'DPMSolverMultistepScheduler' | solver_p is not available
                    UNIPC                | 'disable_corrector': [0.5]               | disable_corrector is [0.5], expected a list of whole numbers
                    UNIPC                | 'shift_terminal': 0.1                    | shift_terminal needs use_flow_sigmas
                    LCM                  | 'original_inference_steps': 2000         | original_inference_steps is 2000, allowed are 1 to 1000
                    FLOW_MATCH_EULER     | 'time_shift_type': 'cubic'               | time_shift_type is "cubic", known are [exponential, linear]
                    """)
    void create_unknownOption_isRefusedByName(SchedulerType type, String option, String message) {
        SchedulerConfig config = config("{'_class_name': 'DDIMScheduler', " + option + "}");
        assertThatThrownBy(() -> type.create(config, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void of_unknownClass_isRefusedNamingTheKnownOnes() {
        assertThatThrownBy(() -> SchedulerType.of(config("{'_class_name': 'VQDiffusionScheduler'}")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(
                        "scheduler class VQDiffusionScheduler is not available, known are [DDIMScheduler, ");
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
    void create_stochasticVariantByName_overridesTheFolder() {
        SchedulerConfig config =
                config("{'_class_name': 'DPMSolverMultistepScheduler', 'algorithm_type': 'sde-dpmsolver++'}");
        Tensor latents = Tensor.zeros(1, 4, 2, 2);
        AtomicInteger draws = new AtomicInteger();
        for (SchedulerType type : List.of(SchedulerType.DPM_SOLVER_MULTISTEP, SchedulerType.DPM_SOLVER_MULTISTEP_SDE)) {
            type.create(config, 0).schedule(3).step(latents, latents, 0, History.EMPTY, () -> {
                draws.incrementAndGet();
                return latents;
            });
        }
        assertThat(draws).hasValue(1);
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

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    DPM_SOLVER_MULTISTEP | {'_class_name': 'DPMSolverMultistepScheduler'}                                     | 1000 | step 501 of 1000
                    UNIPC                | {'_class_name': 'UniPCMultistepScheduler', 'timestep_spacing': 'leading'}          | 1000 | no finite answer
                    UNIPC                | {'_class_name': 'UniPCMultistepScheduler', 'predict_x0': false}                    | 10   | step 10 of 10
                    FLOW_MATCH_EULER     | {'_class_name': 'FlowMatchEulerDiscreteScheduler', 'use_dynamic_shifting': true}   | 10   | needs mu
                    FLOW_MATCH_EULER     | {'_class_name': 'FlowMatchEulerDiscreteScheduler', 'shift_terminal': 0.1}          | 1    | no finite answer
                    PNDM                 | {'_class_name': 'PNDMScheduler'}                                                   | 3    | skip_prk_steps
                    LCM                  | {'_class_name': 'LCMScheduler'}                                                    | 51   | allowed are 1 to 50
                    HEUN                 | {'_class_name': 'HeunDiscreteScheduler'}                                           | 1001 | allowed are 1 to 1000
                    """)
    void schedule_stepsWithoutFiniteAnswer_areRefused(SchedulerType type, String options, int steps, String message) {
        Scheduler scheduler = type.create(config(options), 0);
        assertThatThrownBy(() -> scheduler.schedule(steps))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @EnumSource
    void of_classNameOfEachSampler_isThatSampler(SchedulerType type) {
        SchedulerConfig config = config("{'_class_name': '" + type.className() + "', 'algorithm_type': '"
                + (type == SchedulerType.DPM_SOLVER_MULTISTEP_SDE ? "sde-" : "") + "dpmsolver++'}");
        assertThat(SchedulerType.of(config)).isEqualTo(type);
        assertThat(SchedulerType.ofLabel(type.label(), config)).isEqualTo(type);
    }

    @Test
    void ofLabel_flowSamplerOfAModelThatPredictsNoise_isRefused() {
        SchedulerConfig noise = config("{'_class_name': 'DDIMScheduler'}");
        SchedulerConfig flow = config("{'_class_name': 'FlowMatchEulerDiscreteScheduler'}");

        assertThat(SchedulerType.labels(flow)).containsExactly("flow_match_euler");
        assertThat(SchedulerType.labels(noise))
                .hasSize(SchedulerType.values().length - 1)
                .doesNotContain("flow_match_euler");
        assertThatThrownBy(() -> SchedulerType.ofLabel("flow_match_euler", noise))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("scheduler is none of [ddim,");
        assertThatThrownBy(() -> SchedulerType.ofLabel("euler", flow)).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @EnumSource
    void schedule_planOfAnotherSampler_isRefusedByName(SchedulerType type) {
        Scheduler scheduler = type.create(config("{'_class_name': '" + type.className() + "'}"), 0);
        for (StepPlan plan : List.of(
                new StepPlan.Timesteps(List.of(900.0, 400.0)),
                new StepPlan.Sigmas(List.of(10.0, 1.0, 0.0)),
                new StepPlan.Partial(4, 0.5))) {
            if (takes(type, plan)) {
                assertThat(scheduler.schedule(plan).length()).isBetween(2, 4);
            } else {
                assertThatThrownBy(() -> scheduler.schedule(plan))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageStartingWith(type.label() + " takes no ");
            }
        }
    }

    private static boolean takes(SchedulerType type, StepPlan plan) {
        return switch (plan) {
            case StepPlan.Count _ -> true;
            case StepPlan.Partial _ ->
                Set.of(SchedulerType.LCM, SchedulerType.TCD).contains(type);
            case StepPlan.Timesteps _ ->
                !Set.of(
                                SchedulerType.DDIM,
                                SchedulerType.PNDM,
                                SchedulerType.LMS,
                                SchedulerType.EULER_ANCESTRAL,
                                SchedulerType.DPM2,
                                SchedulerType.DPM2_ANCESTRAL,
                                SchedulerType.DPM_SOLVER_SDE,
                                SchedulerType.UNIPC)
                        .contains(type);
            case StepPlan.Sigmas _ ->
                Set.of(SchedulerType.EULER, SchedulerType.FLOW_MATCH_EULER).contains(type);
        };
    }

    @Test
    void timesteps_thatDoNotFall_areRefused() {
        assertThatThrownBy(() -> new StepPlan.Timesteps(List.of(10.0, 10.0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("fall");
        assertThatThrownBy(() -> new StepPlan.Sigmas(List.of(Double.NaN))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new StepPlan.Timesteps(List.of())).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void create_karrasBesideCustomTimesteps_isRefused() {
        Scheduler scheduler = SchedulerType.HEUN.create(
                config("{'_class_name': 'HeunDiscreteScheduler', 'use_karras_sigmas': true}"), 0);
        assertThatThrownBy(() -> scheduler.schedule(new StepPlan.Timesteps(List.of(900.0, 400.0))))
                .hasMessageContaining("use_karras_sigmas");
    }

    @ParameterizedTest
    @CsvSource({"10, 1, 0", "10, 0.75, 3", "10, 0.999, 1", "10, 0, 10", "1, 0.5, 1"})
    void firstStep_strength_isThatOfDiffusers(int steps, double strength, int expected) {
        Schedule once = SchedulerType.EULER
                .create(config("{'_class_name': 'EulerDiscreteScheduler'}"), 0)
                .schedule(steps);
        Schedule twice = SchedulerType.HEUN
                .create(config("{'_class_name': 'HeunDiscreteScheduler'}"), 0)
                .schedule(steps);
        assertThat(once.firstStep(steps, strength)).isEqualTo(expected);
        assertThat(twice.firstStep(steps, strength)).isEqualTo(2 * expected);
    }

    @Test
    void step_historyOfAnotherSampler_isRefused() {
        Schedule schedule = SchedulerType.HEUN
                .create(config("{'_class_name': 'HeunDiscreteScheduler'}"), 0)
                .schedule(3);
        Tensor latents = Tensor.zeros(1, 4, 2, 2);
        assertThatThrownBy(() -> schedule.step(latents, latents, 1, History.EMPTY, () -> latents))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("derivative");
    }

    /** DeepFloyd's networks answer a variance too, which DPM-Solver leaves out. */
    @Test
    void step_learnedVariance_isLeftOut() {
        Tensor answer = Tensor.of(new float[] {1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -6}, 2, 6, 1, 1);
        Tensor noise = Tensor.of(new float[] {1, 2, 3, -1, -2, -3}, 2, 3, 1, 1);
        Tensor latents = Tensor.of(new float[] {6, 5, 4, 3, 2, 1}, 2, 3, 1, 1);
        String options = "{'_class_name': 'DPMSolverMultistepScheduler', 'variance_type': 'learned_range'}";
        Schedule schedule =
                SchedulerType.DPM_SOLVER_MULTISTEP.create(config(options), 0).schedule(5);
        assertThat(schedule.step(answer, latents, 0, History.EMPTY, () -> latents))
                .isEqualTo(schedule.step(noise, latents, 0, History.EMPTY, () -> latents));
    }

    @Test
    void step_deterministicSampler_drawsNoNoise() {
        Schedule schedule = SchedulerType.DDIM
                .create(config("{'_class_name': 'DDIMScheduler'}"), 0)
                .schedule(3);
        AtomicInteger draws = new AtomicInteger();
        Tensor latents = Tensor.zeros(1, 4, 2, 2);
        schedule.step(latents, latents, 0, History.EMPTY, () -> {
            draws.incrementAndGet();
            return latents;
        });
        assertThat(draws).hasValue(0);
    }
}
