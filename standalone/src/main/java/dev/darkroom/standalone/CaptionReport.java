// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.darkroom.caption.v1.CaptionOutcome;
import dev.darkroom.caption.v1.CaptionResponse;
import dev.darkroom.caption.v1.GeneratedCaption;
import dev.darkroom.gateway.v1.CaptionImageResponse;
import dev.darkroom.media.v1.Warning;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * What the {@code caption} command says of its result.
 *
 * @param millis from command to last caption
 */
record CaptionReport(PictureAnswers<CaptionImageResponse> pictures, long millis) implements Report {

    @Override
    public String text() {
        StringBuilder text = new StringBuilder();
        Notes.print(warnings(), text);
        Notes.refused(pictures.refused(), text);
        pictures.answers().forEach((file, answer) -> lines(file, answer.getCaption(), text));
        pictures.answers().values().stream()
                .findFirst()
                .ifPresent(answer -> text.append(how(answer.getCaption())).append('\n'));
        return text.toString();
    }

    /** The file stands before its first caption. */
    private static void lines(Path file, CaptionResponse answer, StringBuilder text) {
        String before = file + "  ";
        if (answer.getCaptionsCount() == 0) {
            text.append(before).append(none(answer)).append('\n');
        }
        for (GeneratedCaption caption : answer.getCaptionsList()) {
            text.append(
                    String.format(Locale.ROOT, "%s%s  (%.2f)%n", before, caption.getText(), caption.getConfidence()));
            before = " ".repeat(before.length());
        }
    }

    private static String none(CaptionResponse answer) {
        return isUnsure(answer)
                ? String.format(
                        Locale.ROOT,
                        "the model is not sure (%.2f, below %.2f); --low-confidence shows what it would say",
                        answer.getConfidence(),
                        answer.getMinConfidence())
                : "held back";
    }

    static boolean isUnsure(CaptionResponse answer) {
        return answer.getOutcome() == CaptionOutcome.CAPTION_OUTCOME_LOW_CONFIDENCE;
    }

    private String how(CaptionResponse answer) {
        int beams = answer.getParameters().getNumBeams();
        int count = pictures.answers().size();
        return String.format(
                Locale.ROOT,
                "%s, %s, %s in %.1f s",
                answer.getParameters().getModel(),
                beams == 1 ? "greedy" : beams + " beams",
                Notes.pictures(count),
                millis / 1e3);
    }

    private List<Warning> warnings() {
        return answers()
                .flatMap(answer -> answer.getCaption().getWarningsList().stream())
                .distinct()
                .toList();
    }

    /** Whether a policy left a picture without words. */
    boolean anyHeldBack() {
        return answers()
                .map(CaptionImageResponse::getCaption)
                .anyMatch(answer -> answer.getCaptionsCount() == 0 && !isUnsure(answer));
    }

    private Stream<CaptionImageResponse> answers() {
        return pictures.answers().values().stream();
    }

    /** One object; messages in it are proto3 JSON, so their 64-bit numbers are strings. */
    @Override
    public String json() {
        ObjectNode report = Json.object();
        ArrayNode images = report.putArray("images");
        pictures.answers()
                .forEach((file, answer) -> images.add(Json.object(answer).put("file", file.toString())));
        Json.putRefused(pictures.refused(), report);
        return report.put("milliseconds", millis).toPrettyString();
    }
}
