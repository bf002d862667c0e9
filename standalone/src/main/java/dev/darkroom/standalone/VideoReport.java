// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.darkroom.gateway.v1.DeliveredVideo;
import dev.darkroom.gateway.v1.VideoCompleted;
import dev.darkroom.media.v1.Warning;
import dev.darkroom.safety.v1.OutputVerdict;
import dev.darkroom.text2video.v1.Video;
import dev.darkroom.text2video.v1.VideoParameters;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a clip came to.
 *
 * @param file where it is; null if it was held back
 * @param millis from command to written clip
 */
record VideoReport(
        VideoCompleted completed,
        DeliveredVideo delivered,
        List<Warning> warnings,
        @Nullable Path file,
        long millis) implements Report {

    @Override
    public String text() {
        StringBuilder text = new StringBuilder();
        Notes.print(warnings, text);
        if (delivered.getOutputVerdict() == OutputVerdict.OUTPUT_VERDICT_UNCHECKED) {
            text.append("note: Nobody looked at what this clip shows: no model for that is loaded.\n");
        }
        if (file == null) {
            return text.append("held back: ")
                    .append(String.join(", ", delivered.getCategoriesList()))
                    .append('\n')
                    .toString();
        }
        Video video = delivered.getVideo();
        return text.append(String.format(
                        Locale.ROOT,
                        "%s  %dx%d  %d frames at %d per second, %.2f s  seed %d%n%s%n%s%n",
                        file,
                        video.getWidth(),
                        video.getHeight(),
                        video.getNumFrames(),
                        video.getFrameRate(),
                        video.getDurationMillis() / 1e3,
                        completed.getParameters().getSeed(),
                        how(),
                        StageWords.of(completed.getStageTimesList(), millis)))
                .toString();
    }

    private String how() {
        VideoParameters used = completed.getParameters();
        StringBuilder how = new StringBuilder(String.format(
                Locale.ROOT,
                "%s, %s, %s, guidance %s, %d frames of %dx%d",
                used.getModel(),
                used.getScheduler(),
                StageWords.steps(used.getNumInferenceSteps()),
                used.getGuidanceScale(),
                used.getNumFrames(),
                used.getWidth(),
                used.getHeight()));
        if (completed.hasUpscaler()) {
            how.append("; enlarged %d times by %s"
                    .formatted(used.getSpatialFactor(), completed.getUpscaler().getName()));
        }
        if (completed.hasInterpolator()) {
            how.append("; frames between by %s"
                    .formatted(completed.getInterpolator().getName()));
        }
        return how.append("; %d frames checked".formatted(delivered.getCheckedFrames()))
                .toString();
    }

    @Override
    public String json() {
        ObjectNode report = Json.object();
        ObjectNode clip = Json.object(delivered);
        report.set("clip", file == null ? clip : clip.put("file", file.toString()));
        warnings.forEach(it -> report.withArray("warnings").add(Json.object(it)));
        report.set("completed", Json.object(completed));
        return report.put("milliseconds", millis).toPrettyString();
    }
}
