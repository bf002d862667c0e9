// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety.policy;

import dev.darkroom.safety.text.Vocabulary;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A policy. Immutable.
 *
 * @param name what requests call it: its file's name without the ending
 * @param digest SHA-256 of its file, 64 lower-case hexadecimal digits: equal digests judge alike
 * @param categories in the order of the file
 * @param vocabulary the words of all terms, to be recognised in disguise
 */
public record Policy(String name, String digest, List<Category> categories, Vocabulary vocabulary) {

    public Policy {
        categories = List.copyOf(categories);
    }

    /** The category called {@code name}, null when the policy has none. */
    public @Nullable Category category(String name) {
        return categories.stream()
                .filter(category -> category.name().equals(name))
                .findFirst()
                .orElse(null);
    }
}
