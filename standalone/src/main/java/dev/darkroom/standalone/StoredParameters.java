// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;

/** The JSON object that a picture carries, one {@code name  value} line for each field, nested names joined by a dot. */
final class StoredParameters {

    private StoredParameters() {}

    static void print(String json, PrintWriter out) {
        try {
            print("", new ObjectMapper().readTree(json), out);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("the parameters in the picture are damaged", e);
        }
    }

    private static void print(String prefix, JsonNode object, PrintWriter out) {
        object.properties().forEach(field -> {
            if (field.getValue().isObject()) {
                print(prefix + field.getKey() + ".", field.getValue(), out);
            } else {
                out.printf(
                        "  %-28s %s%n",
                        prefix + field.getKey(), printable(field.getValue().asText()));
            }
        });
    }

    /** A file may come from anywhere: nothing in it reaches the terminal as a control sequence. */
    private static String printable(String text) {
        return text.replaceAll("\\p{Cntrl}", "?");
    }
}
