// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.darkroom.gateway.v1.UpscaleCompleted;
import dev.darkroom.media.v1.Warning;
import dev.darkroom.text2image.v1.UpscaleParameters;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What an enlargement came to.
 *
 * @param file where the picture is; null if it was held back
 * @param millis from command to written picture
 */
record UpscaleReport(
        UpscaleCompleted completed,
        Picture picture,
        List<Warning> warnings,
        @Nullable Path file,
        long millis) implements Report {

    @Override
    public String text() {
        StringBuilder text = new StringBuilder();
        Notes.print(warnings, List.of(picture), text);
        UpscaleParameters used = completed.getParameters();
        String where = file == null ? "held back: " + String.join(", ", picture.categories()) : file.toString();
        return text.append(String.format(
                        Locale.ROOT,
                        "%s  %dx%d  seed %d%n%s, %s, %s, guidance %s, noise level %d%n%s%n",
                        where,
                        picture.image().getWidth(),
                        picture.image().getHeight(),
                        used.getSeed(),
                        used.getModel(),
                        used.getScheduler(),
                        StageWords.steps(used.getNumInferenceSteps()),
                        used.getGuidanceScale(),
                        used.getNoiseLevel(),
                        StageWords.of(completed.getStageTimesList(), millis)))
                .toString();
    }

    @Override
    public String json() {
        ObjectNode report = Json.object();
        ObjectNode image = Json.object(picture.announcement());
        report.set("image", file == null ? image : image.put("file", file.toString()));
        warnings.forEach(it -> report.withArray("warnings").add(Json.object(it)));
        report.set("completed", Json.object(completed));
        return report.put("milliseconds", millis).toPrettyString();
    }
}
