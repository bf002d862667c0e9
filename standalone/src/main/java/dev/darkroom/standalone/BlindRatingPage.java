// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.darkroom.evaluation.network.PictureFolder;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;

/**
 * A page, with its pictures inside, on which people choose between two pictures without knowing whose they are. Order and sides follow the
 * seed; the tally stays in the browser and is downloaded as JSON.
 */
record BlindRatingPage(Path first, Path second, long seed, List<Pair> pairs) {
    private static final long MAX_BYTES = 128L << 20; // browsers load no page of any size

    /**
     * Two pictures of one thing.
     *
     * @param secondOnTheLeft whether the second folder's picture is shown on the left
     */
    record Pair(String name, Path first, Path second, boolean secondOnTheLeft) {}

    /** Pairs the pictures of equal name; of folders without any, those of equal place in the order of names. */
    static BlindRatingPage of(Path first, Path second, long seed) throws IOException {
        Map<String, Path> firsts = named(first);
        Map<String, Path> seconds = named(second);
        List<String> common =
                firsts.keySet().stream().filter(seconds::containsKey).toList();
        if (common.isEmpty() && firsts.size() != seconds.size()) {
            throw new IllegalArgumentException(
                    "%s holds %d pictures and %s %d, and no name is in both: name the pictures of a pair alike"
                            .formatted(first, firsts.size(), second, seconds.size()));
        }
        List<Path> others = common.isEmpty()
                ? List.copyOf(seconds.values())
                : common.stream()
                        .map(name -> Objects.requireNonNull(seconds.get(name)))
                        .toList();
        List<String> names = common.isEmpty() ? List.copyOf(firsts.keySet()) : common;
        Random random = new Random(seed);
        List<Pair> pairs = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i);
            pairs.add(new Pair(name, Objects.requireNonNull(firsts.get(name)), others.get(i), random.nextBoolean()));
        }
        Collections.shuffle(pairs, random);
        return new BlindRatingPage(first, second, seed, List.copyOf(pairs));
    }

    private static Map<String, Path> named(Path folder) throws IOException {
        Map<String, Path> files = new LinkedHashMap<>();
        PictureFolder.list(folder)
                .files()
                .forEach(file -> files.put(folder.relativize(file).toString(), file));
        return files;
    }

    String html() throws IOException {
        requireSize();
        ObjectNode data = Json.object();
        data.put("a", first.toString()).put("b", second.toString()).put("seed", seed);
        ArrayNode shown = data.putArray("pairs");
        for (Pair pair : pairs) {
            shown.addObject()
                    .put("name", pair.name)
                    .put("swapped", pair.secondOnTheLeft)
                    .put("left", picture(pair.secondOnTheLeft ? pair.second : pair.first))
                    .put("right", picture(pair.secondOnTheLeft ? pair.first : pair.second));
        }
        return template().replace("\"DATA\"", data.toString().replace("<", "\\u003c"));
    }

    private void requireSize() throws IOException {
        long bytes = 0;
        for (Pair pair : pairs) {
            bytes += Files.size(pair.first) + Files.size(pair.second);
        }
        if (bytes > MAX_BYTES) {
            throw new IllegalArgumentException(
                    "%d pairs are %d MiB, and a page holds %d MiB: take fewer or smaller pictures"
                            .formatted(pairs.size(), bytes >> 20, MAX_BYTES >> 20));
        }
    }

    private static String picture(Path file) throws IOException {
        String name = file.toString().toLowerCase(Locale.ROOT);
        String type = name.endsWith(".png") ? "png" : name.endsWith(".webp") ? "webp" : "jpeg";
        return "data:image/" + type + ";base64," + Base64.getEncoder().encodeToString(Files.readAllBytes(file));
    }

    private static String template() throws IOException {
        try (InputStream page = BlindRatingPage.class.getResourceAsStream("/blind-rating.html")) {
            return new String(Objects.requireNonNull(page).readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
