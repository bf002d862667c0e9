// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageOrBuilder;
import com.google.protobuf.util.JsonFormat;
import dev.darkroom.gateway.v1.ImagesCompleted;
import dev.darkroom.media.v1.Warning;
import dev.darkroom.text2image.v1.ImageParameters;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What the {@code image} command says of its result; {@code files} are in the order of {@code pictures}. */
record ImageReport(
        ImagesCompleted completed,
        List<Picture> pictures,
        List<Warning> warnings,
        List<Path> files,
        @Nullable Path sheet,
        long millis) {

    private static final JsonMapper JSON = new JsonMapper();

    String text() {
        StringBuilder text = new StringBuilder();
        warnings.forEach(it -> text.append("note: ").append(it.getMessage()).append('\n'));
        for (int i = 0; i < files.size(); i++) {
            text.append(files.get(i))
                    .append("  seed ")
                    .append(pictures.get(i).seed())
                    .append('\n');
        }
        if (sheet != null) {
            text.append(sheet).append("  all of them\n");
        }
        ImageParameters used = completed.getParameters();
        return text.append(String.format(
                        Locale.ROOT,
                        "%s, %s, %d steps, guidance %s, %dx%d, %.1f s%n",
                        used.getModel(),
                        used.getScheduler(),
                        used.getNumInferenceSteps(),
                        used.getGuidanceScale(),
                        used.getWidth(),
                        used.getHeight(),
                        millis / 1e3))
                .toString();
    }

    /** One object; messages in it are proto3 JSON, so their 64-bit numbers are strings. */
    String json() {
        ObjectNode report = JSON.createObjectNode();
        ArrayNode images = report.putArray("images");
        for (int i = 0; i < files.size(); i++) {
            images.add(object(pictures.get(i).announcement())
                    .put("file", files.get(i).toString()));
        }
        warnings.forEach(it -> report.withArray("warnings").add(object(it)));
        report.set("completed", object(completed));
        if (sheet != null) {
            report.put("sheet", sheet.toString());
        }
        return report.put("milliseconds", millis).toPrettyString();
    }

    private static ObjectNode object(MessageOrBuilder message) {
        try {
            String text = JsonFormat.printer().alwaysPrintFieldsWithNoPresence().print(message);
            return (ObjectNode) JSON.readTree(text);
        } catch (InvalidProtocolBufferException | JsonProcessingException e) {
            throw new IllegalStateException(e); // these messages hold no Any, and what was printed can be read
        }
    }
}
