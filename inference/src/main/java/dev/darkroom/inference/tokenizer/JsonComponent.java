// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** How {@code tokenizer.json} writes its parts: objects with a type. All methods throw IllegalArgumentException naming what is at fault. */
final class JsonComponent {
    private JsonComponent() {}

    /** @param absent what it is without a type, or where it is null */
    static String type(JsonNode component, String absent) {
        return component.path("type").asText(absent);
    }

    static IllegalArgumentException unknown(String role, JsonNode component) {
        return new IllegalArgumentException("the " + role + " " + type(component, "without a type"));
    }

    /** Refuses an option with any value but one; absent and null pass. */
    static void require(JsonNode component, String option, String value) {
        JsonNode found = component.path(option);
        if (!found.isMissingNode() && !found.isNull() && !found.asText().equals(value)) {
            throw new IllegalArgumentException(type(component, "") + " with " + option + " = " + found);
        }
    }

    /** Reads {@code {"String": s}} or {@code {"Regex": r}}; classes such as {@code \s} are Unicode's. */
    static Pattern pattern(JsonNode pattern) {
        if (pattern.has("String")) {
            return Pattern.compile(Pattern.quote(pattern.path("String").asText()));
        }
        try {
            return Pattern.compile(pattern.path("Regex").asText(), Pattern.UNICODE_CHARACTER_CLASS);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException("the expression " + pattern.path("Regex"), e);
        }
    }
}
