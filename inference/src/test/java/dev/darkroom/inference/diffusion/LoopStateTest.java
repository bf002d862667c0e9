// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.darkroom.inference.scheduler.History;
import dev.darkroom.inference.scheduler.Schedule;
import dev.darkroom.inference.scheduler.SchedulerConfig;
import dev.darkroom.inference.scheduler.SchedulerOutput;
import dev.darkroom.inference.scheduler.SchedulerType;
import dev.darkroom.inference.tensor.GaussianNoise;
import dev.darkroom.inference.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Loops of two pictures (2, 3, 2, 3), or videos (2, 3, 2, 1, 3), whose network says half of what it sees. */
final class LoopStateTest {
    private static final int[] PICTURE = {1, 3, 2, 3};
    private static final int[] VIDEO = {1, 3, 2, 1, 3};
    private static final SchedulerConfig CONFIG =
            SchedulerConfig.of(new JsonMapper().createObjectNode().put("_class_name", "DDIMScheduler"));

    private static Schedule schedule(SchedulerType type) {
        return type.create(CONFIG, type.takesEta() ? 0.5f : 0).schedule(8);
    }

    private static List<GaussianNoise> streams() {
        return List.of(GaussianNoise.seeded(1), GaussianNoise.seeded(2));
    }

    private static Tensor next(List<GaussianNoise> streams, int[] shape) {
        return Tensor.concat(streams.stream().map(stream -> stream.next(shape)).toList());
    }

    private static LoopState begin(Schedule schedule, List<GaussianNoise> streams, int[] shape) {
        Tensor latents = Tensor.scale(schedule.initNoiseSigma(), next(streams, shape));
        return LoopState.first(0, latents, positions(streams));
    }

    private static List<GaussianNoise.Position> positions(List<GaussianNoise> streams) {
        return streams.stream().map(GaussianNoise::position).toList();
    }

    private static LoopState run(LoopState from, int to, Schedule schedule, List<GaussianNoise> streams, int[] shape) {
        LoopState state = from;
        for (int step = from.step(); step < to; step++) {
            SchedulerOutput output = schedule.step(
                    Tensor.scale(0.5f, schedule.scaleModelInput(state.latents(), step)),
                    state.latents(),
                    step,
                    state.history(),
                    () -> next(streams, shape));
            state = new LoopState(step + 1, output.prevSample(), output.history(), positions(streams));
        }
        return state;
    }

    /** Every step of every sampler; 18 values draw by blocks with a ragged end, and the pictures part in between. */
    @ParameterizedTest
    @EnumSource
    void write_anyStepOfAnySampler_goesOnToTheBit(SchedulerType type) {
        Schedule schedule = schedule(type);
        for (int[] shape : List.of(PICTURE, VIDEO)) {
            List<GaussianNoise> streams = streams();
            LoopState begun = begin(schedule, streams, shape);
            LoopState end = run(begun, schedule.length(), schedule, streams, shape);
            List<GaussianNoise> again = streams();
            LoopState stopped = begin(schedule, again, shape);
            for (int step = 1; step < schedule.length(); step++) {
                stopped = run(stopped, step, schedule, again, shape);
                LoopState read = LoopState.concat(List.of(reread(stopped.row(0)), reread(stopped.row(1))));
                assertThat(read).as("step %d", step).isEqualTo(stopped);
                stopped.row(1).requireFits(schedule, 0, schedule.length(), shape);
                List<GaussianNoise> resumed = List.of(
                        GaussianNoise.resumed(1, read.noise().getFirst()),
                        GaussianNoise.resumed(2, read.noise().getLast()));
                assertThat(run(read, schedule.length(), schedule, resumed, shape))
                        .as("from step %d", step)
                        .isEqualTo(end);
            }
        }
    }

    private static LoopState reread(LoopState state) {
        return LoopStateFormat.read(LoopStateFormat.write(state));
    }

    private static LoopState ofHeun() {
        List<GaussianNoise> streams = streams().subList(0, 1);
        Schedule heun = schedule(SchedulerType.HEUN);
        return run(begin(heun, streams, PICTURE), 5, heun, streams, PICTURE);
    }

    @Test
    void read_cutAnywhere_isRefused() {
        byte[] bytes = LoopStateFormat.write(ofHeun());
        for (int length = 0; length < bytes.length; length++) {
            byte[] cut = Arrays.copyOf(bytes, length);
            assertThatIllegalArgumentException().isThrownBy(() -> LoopStateFormat.read(cut));
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoopStateFormat.read(Arrays.copyOf(bytes, bytes.length + 1)))
                .withMessage("expected the end, found 1 bytes more");
    }

    /** Any byte may say anything: what is read is bounded and never fails otherwise. */
    @Test
    void read_anyByteChanged_givesAStateOrIsRefused() {
        byte[] bytes = LoopStateFormat.write(ofHeun());
        for (int at = 0; at < bytes.length; at++) {
            byte[] changed = bytes.clone();
            changed[at] ^= (byte) 0x80;
            try {
                assertThat(LoopStateFormat.read(changed).history().steps()).isNotNegative();
            } catch (IllegalArgumentException e) {
                assertThat(e).hasMessageNotContaining("Exception");
            }
        }
    }

    @Test
    void read_anotherVersion_isRefusedByNumber() {
        byte[] bytes = LoopStateFormat.write(ofHeun());
        bytes[7] = 2;
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoopStateFormat.read(bytes))
                .withMessage("expected version 1, found 2");
    }

    @Test
    void requireFits_stateOfAnotherLoop_saysWhatDiffers() {
        LoopState state = ofHeun();
        Schedule heun = schedule(SchedulerType.HEUN);
        state.requireFits(heun, 0, heun.length(), PICTURE);
        refuses(state, schedule(SchedulerType.DDIM), 0, PICTURE, "history: expected [], found [derivative, sample]");
        refuses(state, heun, 5, PICTURE, "step: expected 6 to 14, found 5");
        refuses(state, heun, 1, PICTURE, "steps: expected 4, found 5");
        refuses(state, heun, 0, VIDEO, "shape of the latents: expected [1, 3, 2, 1, 3], found [1, 3, 2, 3]");
        LoopState far = new LoopState(
                5, state.latents(), state.history(), List.of(new GaussianNoise.Position(1L << 40, Double.NaN)));
        refuses(far, heun, 0, PICTURE, "noise position: expected 0 to 832, found 1099511627776");
        Map<String, Tensor> small = Map.of("sample", Tensor.scalar(1), "derivative", Tensor.scalar(1));
        refuses(
                new LoopState(5, state.latents(), new History(5, small), state.noise()),
                heun,
                0,
                PICTURE,
                "shape of derivative: expected [1, 3, 2, 3], found []");
    }

    private static void refuses(LoopState state, Schedule schedule, int first, int[] shape, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> state.requireFits(schedule, first, schedule.length(), shape))
                .withMessage(message);
    }

    @Test
    void concat_loopsAtOtherSteps_isRefused() {
        Schedule schedule = schedule(SchedulerType.LMS);
        List<GaussianNoise> streams = streams().subList(0, 1);
        LoopState first = run(begin(schedule, streams, PICTURE), 1, schedule, streams, PICTURE);
        LoopState second = run(first, 2, schedule, streams, PICTURE);
        assertThatIllegalArgumentException().isThrownBy(() -> LoopState.concat(List.of(first, second)));
        assertThatIllegalArgumentException().isThrownBy(() -> LoopState.concat(List.of(second, first)));
    }

    @Test
    void toString_valuesOfTheLatents_areNotThere() {
        assertThat(ofHeun().toString())
                .isEqualTo("LoopState[step=5, latents=[1, 3, 2, 3], history=[derivative, sample]]");
    }
}
