// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import dev.darkroom.inference.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a loop carries from one step to the next besides the latents: the earlier answers that a multistep sampler still uses. A value,
 * so that a loop can stop, be stored and go on with the same bits. Immutable and thread-safe.
 *
 * @param steps steps that this loop has made, from 0
 * @param tensors by name, each shaped like the latents; iterates in the order of the names
 */
public record History(int steps, Map<String, Tensor> tensors) {
    /** The history of a loop that has made no step. */
    public static final History EMPTY = new History(0, Map.of());

    /** Copies {@code tensors}. */
    public History {
        if (steps < 0) {
            throw new IllegalArgumentException("history of " + steps + " steps");
        }
        tensors = Collections.unmodifiableMap(new TreeMap<>(tensors));
    }

    /** Returns the history one step later that holds only {@code remembered}. */
    History next(Map<String, Tensor> remembered) {
        return new History(steps + 1, remembered);
    }

    History next() {
        return next(Map.of());
    }

    /**
     * Returns what an earlier step of this loop remembered.
     *
     * @throws IllegalArgumentException if none remembered that
     */
    public Tensor get(String name) {
        Tensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException("the history has no " + name + ", only " + tensors.keySet());
        }
        return tensor;
    }

    /** Returns what {@link #named} stored, newest first. */
    List<Tensor> recent(String name) {
        List<Tensor> recent = new ArrayList<>();
        for (int i = 1; tensors.containsKey(name + i); i++) {
            recent.add(get(name + i));
        }
        return recent;
    }

    /** Returns the first {@code keep} of {@code newestFirst} as entries numbered from 1. */
    static Map<String, Tensor> named(String name, List<Tensor> newestFirst, int keep) {
        Map<String, Tensor> entries = new TreeMap<>();
        for (int i = 0; i < Math.min(keep, newestFirst.size()); i++) {
            entries.put(name + (i + 1), newestFirst.get(i));
        }
        return entries;
    }

    /** Returns {@code newest} before {@code older}. */
    static List<Tensor> prepend(Tensor newest, List<Tensor> older) {
        List<Tensor> all = new ArrayList<>(older);
        all.addFirst(newest);
        return all;
    }
}
