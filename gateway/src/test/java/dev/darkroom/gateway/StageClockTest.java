// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.darkroom.media.v1.StageTime;
import org.junit.jupiter.api.Test;

final class StageClockTest {
    private long millis;
    private final StageClock clock = new StageClock(() -> millis * 1_000_000);

    @Test
    void times_stagesThatReturn_areAddedUpInTheOrderOfTheirBeginning() {
        run("denoise", 100);
        run("upscale", 20);
        run("check_output", 3);
        run("upscale", 30);

        assertThat(clock.times())
                .extracting(StageTime::getStage, StageTime::getMillis)
                .containsExactly(tuple("denoise", 100L), tuple("upscale", 50L), tuple("check_output", 3L));
    }

    @Test
    void stop_timeUntilTheNextStage_isNobodys() {
        run("check_output", 3);
        clock.stop();
        millis += 1_000;
        run("upscale", 20);

        assertThat(clock.times()).extracting(StageTime::getMillis).containsExactly(3L, 20L);
    }

    @Test
    void times_stageThatRuns_countsUntilNow() {
        run("denoise", 7);

        assertThat(clock.times()).extracting(StageTime::getMillis).containsExactly(7L);
    }

    private void run(String stage, long duration) {
        clock.start(stage);
        millis += duration;
    }
}
