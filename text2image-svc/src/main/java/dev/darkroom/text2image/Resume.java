// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.inference.diffusion.LoopState;
import java.util.List;
import java.util.Optional;

/** Which pictures of a request are to be made, and from where on. */
sealed interface Resume {
    /** Returns their places among the pictures of the request, in the order of the latents. */
    List<Integer> pictures();

    /**
     * From the beginning.
     *
     * @param difference what makes checkpoints of no use here that came with the request; empty if none came
     */
    record Anew(List<Integer> pictures, String difference) implements Resume {}

    /**
     * From checkpoints.
     *
     * @param done steps of the stage that are done
     */
    record FromCheckpoints(List<Integer> pictures, String stage, int done, LoopState state) implements Resume {}

    /** Returns the state that a loop of that name goes on from; empty if it begins anew. */
    default Optional<LoopState> in(String stage) {
        return this instanceof FromCheckpoints from && from.stage().equals(stage)
                ? Optional.of(from.state())
                : Optional.empty();
    }

    /** Returns how many of the steps of a loop need not be made. */
    default int stepsDone() {
        return this instanceof FromCheckpoints from ? from.done() : 0;
    }
}
