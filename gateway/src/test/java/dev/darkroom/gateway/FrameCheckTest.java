// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.darkroom.safety.v1.OutputVerdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class FrameCheckTest {
    private final List<Integer> looked = new ArrayList<>();

    private FrameCheck check(int interval, boolean every, Set<Integer> flagged, Set<Integer> blocked) {
        return new FrameCheck(interval, every, frame -> {
            int index = Integer.parseInt(frame.toStringUtf8());
            looked.add(index);
            OutputVerdict verdict = blocked.contains(index)
                    ? OutputVerdict.OUTPUT_VERDICT_BLOCKED
                    : flagged.contains(index)
                            ? OutputVerdict.OUTPUT_VERDICT_FLAGGED
                            : OutputVerdict.OUTPUT_VERDICT_ALLOWED;
            return new PictureVerdict(verdict, List.of(), List.of());
        });
    }

    /** Returns how many frames were taken before the clip was held back, or all of them. */
    private static int take(FrameCheck check, int frames) {
        return (int) IntStream.range(0, frames)
                .takeWhile(index -> check.accept(ByteString.copyFromUtf8(Integer.toString(index))))
                .count();
    }

    @Test
    void accept_nothingFound_looksAtFirstEveryKthAndLast() {
        FrameCheck check = check(4, false, Set.of(), Set.of());

        assertThat(take(check, 11)).isEqualTo(11);
        assertThat(check.end()).isTrue();
        assertThat(looked).containsExactly(0, 4, 8, 10);
        assertThat(check.looked()).isEqualTo(4);
        assertThat(check.verdict().verdict()).isEqualTo(OutputVerdict.OUTPUT_VERDICT_ALLOWED);
    }

    @Test
    void end_lastFrameIsDue_isNotLookedAtTwice() {
        FrameCheck check = check(4, false, Set.of(), Set.of());

        assertThat(take(check, 9)).isEqualTo(9);
        assertThat(check.end()).isTrue();
        assertThat(looked).containsExactly(0, 4, 8);
    }

    @Test
    void accept_flaggedFrame_looksAtThoseAroundIt() {
        FrameCheck check = check(4, false, Set.of(8, 9), Set.of());

        assertThat(take(check, 16)).isEqualTo(16);
        assertThat(check.end()).isTrue();
        assertThat(looked).containsExactly(0, 4, 8, 7, 6, 5, 9, 10, 12, 15);
        assertThat(check.verdict().isFlagged()).isTrue();
    }

    @Test
    void accept_blockedFrame_stopsThere() {
        FrameCheck check = check(4, false, Set.of(), Set.of(4));

        assertThat(take(check, 16)).isEqualTo(4);
        assertThat(looked).containsExactly(0, 4);
        assertThat(check.verdict().isBlocked()).isTrue();
    }

    @Test
    void accept_blockedBesideFlagged_isFound() {
        FrameCheck check = check(4, false, Set.of(4), Set.of(2));

        assertThat(take(check, 16)).isEqualTo(4);
        assertThat(looked).containsExactly(0, 4, 3, 2);
    }

    @Test
    void end_lastFrameBlocked_holdsTheClipBack() {
        FrameCheck check = check(4, false, Set.of(), Set.of(10));

        assertThat(take(check, 11)).isEqualTo(11);
        assertThat(check.end()).isFalse();
    }

    @Test
    void accept_suspiciousPrompt_leavesNoFrameOut() {
        FrameCheck check = check(4, true, Set.of(), Set.of());

        assertThat(take(check, 5)).isEqualTo(5);
        assertThat(check.end()).isTrue();
        assertThat(looked).containsExactly(0, 1, 2, 3, 4);
    }

    @Test
    void verdict_noFrame_isNone() {
        assertThatThrownBy(() -> check(4, false, Set.of(), Set.of()).verdict())
                .isInstanceOf(IllegalStateException.class);
    }
}
