// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.darkroom.gateway.v1.Candidate;
import dev.darkroom.gateway.v1.ImagesCompleted;
import dev.darkroom.media.v1.Warning;
import dev.darkroom.text2image.v1.ImageParameters;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What the {@code image} command says of its result.
 *
 * @param files by index of the picture; none for one that was held back
 */
record ImageReport(
        ImagesCompleted completed,
        List<Picture> pictures,
        List<Warning> warnings,
        Map<Integer, Path> files,
        @Nullable Path sheet,
        long millis)
        implements Report {

    @Override
    public String text() {
        StringBuilder text = new StringBuilder();
        Notes.print(warnings, pictures, text);
        pictures.forEach(picture -> line(picture, text));
        if (sheet != null) {
            text.append(sheet).append("  all of them\n");
        }
        text.append(selection());
        ImageParameters used = completed.getParameters();
        text.append(String.format(
                Locale.ROOT,
                "%s, %s, %s, guidance %s, %dx%d%s%n",
                used.getModel(),
                used.getScheduler(),
                StageWords.steps(used.getNumInferenceSteps()),
                used.getGuidanceScale(),
                used.getWidth(),
                used.getHeight(),
                enlarged()));
        return text.append(StageWords.of(completed.getStageTimesList(), millis))
                .append('\n')
                .toString();
    }

    private void line(Picture picture, StringBuilder text) {
        Path file = files.get(picture.index());
        String where = file == null ? "held back: " + String.join(", ", picture.categories()) : file.toString();
        String size = file == null
                ? ""
                : "  " + picture.image().getWidth() + "x" + picture.image().getHeight();
        text.append(where).append(size).append("  seed ").append(picture.seed());
        candidates()
                .filter(it -> it.hasScore() && it.hasDeliveredIndex() && it.getDeliveredIndex() == picture.index())
                .forEach(it -> text.append("  score ").append(score(it)));
        text.append('\n');
    }

    /** One line about all that were drawn for best_of; nothing without it. */
    private String selection() {
        if (!completed.hasSelection()) {
            return "";
        }
        String all = candidates()
                .map(it -> "seed " + it.getSeed() + " " + (it.hasScore() ? score(it) : "held back"))
                .collect(Collectors.joining(", "));
        return "best %d of %d by %s: %s%n"
                .formatted(
                        pictures.size(),
                        completed.getSelection().getCandidatesCount(),
                        completed.getSelection().getModel(),
                        all);
    }

    private Stream<Candidate> candidates() {
        return completed.getSelection().getCandidatesList().stream();
    }

    private static String score(Candidate candidate) {
        return String.format(Locale.ROOT, "%.4f", candidate.getScore());
    }

    private String enlarged() {
        if (completed.getUpscaleFactor() <= 1) {
            return "";
        }
        return "; enlarged %d times by %s, %s"
                .formatted(
                        completed.getUpscaleFactor(),
                        completed.getUpscale().getModel(),
                        StageWords.steps(completed.getUpscale().getNumInferenceSteps()));
    }

    /** One object; messages in it are proto3 JSON, so their 64-bit numbers are strings. */
    @Override
    public String json() {
        ObjectNode report = Json.object();
        ArrayNode images = report.putArray("images");
        for (Picture picture : pictures) {
            ObjectNode image = Json.object(picture.announcement());
            Path file = files.get(picture.index());
            images.add(file == null ? image : image.put("file", file.toString()));
        }
        warnings.forEach(it -> report.withArray("warnings").add(Json.object(it)));
        report.set("completed", Json.object(completed));
        if (sheet != null) {
            report.put("sheet", sheet.toString());
        }
        return report.put("milliseconds", millis).toPrettyString();
    }
}
