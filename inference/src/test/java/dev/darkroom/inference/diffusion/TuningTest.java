// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** With networks whose times are given. */
final class TuningTest {
    private final List<Integer> tried = new ArrayList<>();

    @Test
    void of_largerCallsAreBetter_takesTheLargest() {
        assertThat(Tuning.of(trial(0.01, 0.01), 8, 1, 10)).isEqualTo(new Tuning(8, 1, 0.09 / 8));
        assertThat(tried).containsExactly(1, 2, 4, 8);
    }

    @Test
    void of_largerCallsAreHardlyBetter_takesTheSmallest() {
        assertThat(Tuning.of(trial(0.0001, 0.01), 8, 1, 10).rowsPerCall()).isEqualTo(1);
        assertThat(Tuning.of(trial(0.01, 0.1), 16, 1, 100).rowsPerCall()).isEqualTo(4);
    }

    @Test
    void of_largerCallsAreWorse_isOff() {
        Tuning tuning = Tuning.of((lanes, rows) -> rows * rows * 0.01, 8, 1, 10);
        assertThat(tuning).isEqualTo(new Tuning(1, 1, 0.01));
    }

    @Test
    void of_overTheBudget_stopsTrying() {
        assertThat(Tuning.of(trial(0.1, 0.1), 16, 2, 1.2).rowsPerCall()).isEqualTo(4);
        assertThat(tried).containsExactly(1, 2, 4);
    }

    @Test
    void of_firstCallExceedsTheBudget_keepsPairsTogether() {
        assertThat(Tuning.of(trial(0, 5), 16, 4, 0.4)).isEqualTo(new Tuning(2, 1, 5));
        assertThat(tried).containsExactly(1);
    }

    @Test
    void of_oneRowAllowed_triesNoMore() {
        assertThat(Tuning.of(trial(0.1, 0.1), 1, 1, 1)).isEqualTo(new Tuning(1, 1, 0.2));
        assertThat(Tuning.of((_, _) -> 0.1, 1, 2, 1)).isEqualTo(new Tuning(1, 2, 0.05));
    }

    @Test
    void of_lanesPay_dividesTheRowsAmongThem() {
        Tuning tuning = Tuning.of((lanes, rows) -> (0.01 + rows * 0.01) / (lanes > 1 ? 1 : 0.4), 4, 8, 10);
        assertThat(tuning.lanes()).isEqualTo(8);
        assertThat(tuning.rowsPerCall()).isEqualTo(1);
        assertThat(Tuning.of((lanes, rows) -> lanes * (0.01 + rows * 0.01), 4, 8, 10)
                        .lanes())
                .isEqualTo(1);
    }

    private Tuning.Trial trial(double fixed, double perRow) {
        return (lanes, rows) -> {
            tried.add(rows);
            return lanes * (fixed + perRow * rows);
        };
    }
}
