// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StepPaceTest {
    private final AtomicLong now = new AtomicLong(-7);

    @Test
    void tells_fastSteps_firstLastAndOneInFiftyMilliseconds() {
        assertThat(told(20, 10)).containsExactly(1, 4, 7, 10);
    }

    @Test
    void tells_slowSteps_all() {
        assertThat(told(50, 4)).containsExactly(1, 2, 3, 4);
    }

    @Test
    void tells_secondLoop_itsFirstStepToo() {
        StepPace pace = new StepPace(now::get);
        assertThat(pace.tells(3, 3)).isTrue();
        assertThat(pace.tells(1, 3)).isTrue();
        assertThat(pace.tells(2, 3)).isFalse();
    }

    private int[] told(int millisPerStep, int count) {
        StepPace pace = new StepPace(now::get);
        return IntStream.rangeClosed(1, count)
                .filter(step -> {
                    now.addAndGet(millisPerStep * 1_000_000L);
                    return pace.tells(step, count);
                })
                .toArray();
    }
}
