// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Looks at the frames of one clip: the first, the last and every k-th; and where one is flagged, at those between it and the one looked at before, and at
 * each after it until one is clean. It stops at a frame that is blocked. At most k frames are held. One clip, one thread.
 */
final class FrameCheck {
    private final int interval;
    private final boolean every;
    private final Function<ByteString, PictureVerdict> judge;
    private final List<ByteString> unseen = new ArrayList<>(); // since the last frame that was looked at
    private @Nullable PictureVerdict worst;
    private boolean alert;
    private int frames;
    private int looked;

    /**
     * @param interval k
     * @param every whether something was suspicious before, so that no frame is left out
     * @param judge looks at an encoded frame
     */
    FrameCheck(int interval, boolean every, Function<ByteString, PictureVerdict> judge) {
        this.interval = interval;
        this.every = every;
        this.judge = judge;
    }

    /** Takes the next frame; returns whether the clip may still be delivered. */
    boolean accept(ByteString frame) {
        boolean due = every || alert || frames % interval == 0;
        frames++;
        if (due) {
            look(frame);
        } else {
            unseen.add(frame);
        }
        return !isBlocked();
    }

    /** Takes the end of the frames; returns whether the clip may be delivered. */
    boolean end() {
        if (!unseen.isEmpty()) {
            look(unseen.removeLast());
        }
        return !isBlocked();
    }

    private void look(ByteString frame) {
        alert = isSuspicious(judged(frame));
        if (alert) {
            while (!isBlocked() && !unseen.isEmpty()) {
                var _ = judged(unseen.removeLast());
            }
        }
        unseen.clear();
    }

    private PictureVerdict judged(ByteString frame) {
        PictureVerdict verdict = judge.apply(frame);
        looked++;
        worst = worst == null ? verdict : worst.and(verdict);
        return verdict;
    }

    private static boolean isSuspicious(PictureVerdict verdict) {
        return verdict.isFlagged() || verdict.isBlocked();
    }

    private boolean isBlocked() {
        return worst != null && worst.isBlocked();
    }

    /**
     * Returns the worst that was found.
     *
     * @throws IllegalStateException if there was no frame, of which nothing may be said
     */
    PictureVerdict verdict() {
        if (worst == null) {
            throw new IllegalStateException("no frame was looked at");
        }
        return worst;
    }

    /** Returns how many frames were looked at. */
    int looked() {
        return looked;
    }
}
