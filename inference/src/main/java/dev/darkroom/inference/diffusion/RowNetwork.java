// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import dev.darkroom.inference.Cancellation;
import java.util.List;

/**
 * What answers rows in calls that requests share. A row's answer must not depend on its company. Thread-safe.
 *
 * @param <Q> one row of questions
 * @param <A> its answer
 */
public interface RowNetwork<Q, A> {
    /** Answers rows that are alike, in order, in one call on the calling thread. */
    List<A> answer(List<Q> rows, Cancellation cancellation);

    /** Returns what rows have to agree in to share a call: an object with {@code equals}. */
    Object likeness(Q row);

    /** Returns what such rows cost; the batcher measures it. */
    RowCost cost(Q row);

    /** Returns how many rows like this one a call takes at most, at least 1. */
    int rowsPerCall(Q row);

    /** Returns how many calls, of any network, may run when one of this network does. */
    int lanes();
}
