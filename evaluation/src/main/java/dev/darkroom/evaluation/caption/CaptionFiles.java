// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.caption;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.darkroom.evaluation.EvaluationException;
import dev.darkroom.evaluation.EvaluationException.Reason;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads captions and references in the forms that are about.
 *
 * <ul>
 *   <li>JSON: an object from picture to caption or list of captions (clipscore), an array of {@code {"image_id", "caption"}} (COCO results),
 *       or an object with such an array under {@code "annotations"} (COCO)
 *   <li>any other file: UTF-8 text, one line for each picture, several captions apart by tabs; pictures go by the number of their line
 * </ul>
 */
public final class CaptionFiles {
    private CaptionFiles() {}

    /**
     * Joins candidates with their references, as tokens.
     *
     * @throws EvaluationException if a file cannot be read, or the two are not about the same pictures
     */
    public static List<CaptionedImage> read(Path candidates, Path references) throws IOException {
        Map<String, List<String>> judged = read(candidates);
        Map<String, List<String>> known = read(references);
        requireSamePictures(judged, known, candidates, references);
        List<CaptionedImage> corpus = new ArrayList<>();
        for (var caption : judged.entrySet()) {
            if (caption.getValue().size() != 1) {
                throw new EvaluationException(
                        Reason.UNREADABLE,
                        "%s has %d captions for %s: one is judged"
                                .formatted(candidates, caption.getValue().size(), caption.getKey()));
            }
            corpus.add(CaptionedImage.tokenized(
                    caption.getKey(), caption.getValue().getFirst(), known.getOrDefault(caption.getKey(), List.of())));
        }
        return corpus;
    }

    private static void requireSamePictures(
            Map<String, ?> judged, Map<String, ?> known, Path candidates, Path references) {
        List<String> without =
                judged.keySet().stream().filter(id -> !known.containsKey(id)).toList();
        List<String> unjudged =
                known.keySet().stream().filter(id -> !judged.containsKey(id)).toList();
        if (!without.isEmpty()) {
            throw new EvaluationException(
                    Reason.EMPTY_REFERENCES, missing(without, candidates, references, "references"));
        }
        if (!unjudged.isEmpty()) {
            throw new EvaluationException(
                    Reason.DIMENSION_MISMATCH, missing(unjudged, references, candidates, "caption"));
        }
    }

    private static String missing(List<String> ids, Path in, Path notIn, String what) {
        return "%d pictures of %s have no %s in %s, the first is %s"
                .formatted(ids.size(), in, what, notIn, ids.getFirst());
    }

    private static Map<String, List<String>> read(Path file) throws IOException {
        return file.toString().endsWith(".json") ? readJson(file) : readLines(file);
    }

    private static Map<String, List<String>> readLines(Path file) throws IOException {
        Map<String, List<String>> captions = new LinkedHashMap<>();
        try {
            for (String line : Files.readAllLines(file)) {
                captions.put("line " + (captions.size() + 1), List.of(line.split("\t", -1)));
            }
        } catch (CharacterCodingException e) {
            throw new EvaluationException(Reason.UNREADABLE, file + " is not UTF-8 text");
        }
        return captions;
    }

    private static Map<String, List<String>> readJson(Path file) throws IOException {
        Map<String, List<String>> captions = new LinkedHashMap<>();
        JsonNode root = parse(file);
        JsonNode entries = root.has("annotations") ? root.path("annotations") : root;
        if (entries.isArray()) {
            for (JsonNode entry : entries) {
                captions.computeIfAbsent(entry.path("image_id").asText(), _ -> new ArrayList<>())
                        .add(text(file, entry.path("caption")));
            }
        } else {
            entries.properties().forEach(it -> captions.put(it.getKey(), texts(file, it.getValue())));
        }
        return captions;
    }

    private static JsonNode parse(Path file) throws IOException {
        try {
            return new JsonMapper().readTree(Files.readAllBytes(file));
        } catch (JsonProcessingException e) {
            throw new EvaluationException(
                    Reason.UNREADABLE,
                    file + " is no JSON: an error in line "
                            + (e.getLocation() == null ? 1 : e.getLocation().getLineNr()));
        }
    }

    private static List<String> texts(Path file, JsonNode captions) {
        List<String> texts = new ArrayList<>();
        if (captions.isArray()) {
            captions.forEach(it -> texts.add(text(file, it)));
        } else {
            texts.add(text(file, captions));
        }
        return texts;
    }

    private static String text(Path file, JsonNode caption) {
        if (!caption.isTextual()) {
            throw new EvaluationException(
                    Reason.UNREADABLE,
                    file + " holds no captions: an object from picture to caption or captions is needed, or an array of"
                            + " {\"image_id\", \"caption\"}");
        }
        return caption.textValue();
    }
}
