// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.darkroom.inference.tensor.Tensor;
import java.io.IOException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ForwardProcessTest {
    private static final Tensor ORIGINAL = Tensor.of(new float[] {1, -0.5f, 0.25f}, 1, 3);
    private static final Tensor NOISE = Tensor.of(new float[] {0.3f, 2, -1}, 1, 3);

    /** Recorded from diffusers 0.39.0, DDPMScheduler(beta_schedule="scaled_linear").add_noise: float32, so to the last bit. */
    @ParameterizedTest
    @CsvSource({
        "0, 1.0029501914978027, -0.47997334599494934, 0.23998667299747467",
        "20, 1.0142344236373901, -0.3954264521598816, 0.1977132260799408",
        "350, 0.9801814556121826, 0.7990416288375854, -0.3995208144187927"
    })
    void addNoise_level_agreesWithDiffusers(int timestep, float first, float second, float third) throws IOException {
        SchedulerConfig config = SchedulerConfig.of(new JsonMapper().readTree("""
                                {"_class_name": "DDPMScheduler", "beta_schedule": "scaled_linear", "beta_start": 0.0001, "beta_end": 0.02}
                                """));

        assertThat(ForwardProcess.of(config).addNoise(ORIGINAL, NOISE, timestep).data())
                .containsExactly(first, second, third);
    }
}
