// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.darkroom.caption.v1.ScoreAlignmentResponse;
import dev.darkroom.media.v1.Warning;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * What the {@code score} command says of its result: the pictures, the one that agrees best first.
 *
 * @param pictures each with one score
 * @param millis from command to last score
 */
record ScoreReport(String words, PictureAnswers<ScoreAlignmentResponse> pictures, long millis) implements Report {

    /** A picture and its score. */
    private record Scored(Path file, float score) {}

    private List<Scored> ranked() {
        return pictures.answers().entrySet().stream()
                .map(picture -> new Scored(picture.getKey(), picture.getValue().getScores(0)))
                .sorted(Comparator.comparingDouble(Scored::score).reversed())
                .toList();
    }

    @Override
    public String text() {
        StringBuilder text = new StringBuilder();
        Notes.print(warnings(), text);
        Notes.refused(pictures.refused(), text);
        int rank = 0;
        for (Scored scored : ranked()) {
            text.append(String.format(Locale.ROOT, "%4d  %.4f  %s%n", ++rank, scored.score(), scored.file()));
        }
        pictures.answers().values().stream()
                .findFirst()
                .ifPresent(answer -> text.append(String.format(
                        Locale.ROOT,
                        "%s, CLIPScore from 0 to 2.5, %s in %.1f s%n",
                        answer.getModel(),
                        Notes.pictures(pictures.answers().size()),
                        millis / 1e3)));
        return text.toString();
    }

    private List<Warning> warnings() {
        return pictures.answers().values().stream()
                .flatMap(answer -> answer.getWarningsList().stream())
                .distinct()
                .toList();
    }

    /** One object. */
    @Override
    public String json() {
        ObjectNode report = Json.object().put("text", words);
        ArrayNode images = report.putArray("images");
        ranked().forEach(it ->
                images.addObject().put("file", it.file().toString()).put("score", it.score()));
        pictures.answers().values().stream().findFirst().ifPresent(answer -> {
            report.put("model", answer.getModel());
            report.set("fingerprint", Json.object(answer.getFingerprint()));
        });
        warnings().forEach(it -> report.withArray("warnings").add(Json.object(it)));
        Json.putRefused(pictures.refused(), report);
        return report.put("milliseconds", millis).toPrettyString();
    }
}
