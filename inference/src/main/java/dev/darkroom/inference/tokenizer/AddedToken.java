// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * A token that is looked for in the text itself, before anything else happens to it.
 *
 * @param singleWord whether it counts only apart from other words
 * @param lstrip whether it takes the spaces before it
 * @param rstrip whether it takes the spaces behind it
 * @param normalized whether a fast tokenizer looks for it in the normalized text
 */
record AddedToken(
        int id,
        String content,
        boolean singleWord,
        boolean lstrip,
        boolean rstrip,
        boolean normalized,
        boolean special) {
    static AddedToken special(int id, String content) {
        return new AddedToken(id, content, false, false, false, false, true);
    }

    /** Reads the object that both {@code tokenizer.json} and {@code tokenizer_config.json} have. */
    static AddedToken of(int id, JsonNode node) {
        boolean special = node.path("special").asBoolean(false);
        return new AddedToken(
                id,
                node.path("content").asText(),
                node.path("single_word").asBoolean(false),
                node.path("lstrip").asBoolean(false),
                node.path("rstrip").asBoolean(false),
                node.path("normalized").asBoolean(!special),
                special);
    }
}
