// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageOrBuilder;
import com.google.protobuf.util.JsonFormat;
import java.nio.file.Path;
import java.util.Map;

/** Messages as JSON objects that can be added to: proto3 JSON, so their 64-bit numbers are strings. */
final class Json {
    private static final JsonMapper MAPPER = new JsonMapper();

    private Json() {}

    static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    /** Adds files that were not worked on, and why; nothing where there are none. */
    static void putRefused(Map<Path, String> refused, ObjectNode report) {
        refused.forEach((file, why) -> report.withArray("refused")
                .addObject()
                .put("file", file.toString())
                .put("message", why));
    }

    static ObjectNode object(MessageOrBuilder message) {
        try {
            String text = JsonFormat.printer().alwaysPrintFieldsWithNoPresence().print(message);
            return (ObjectNode) MAPPER.readTree(text);
        } catch (InvalidProtocolBufferException | JsonProcessingException e) {
            throw new IllegalStateException(e); // these messages hold no Any, and what was printed can be read
        }
    }
}
