// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety.text;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Characters that look like a Latin letter or digit: Cyrillic {@code \u0430} for {@code a}, a Cherokee {@code \u13d4} for {@code w}.
 *
 * <p>Unicode's own table (UTS 39), cut down to what ends in ASCII, and a short table of ours; both are resources beside this class's module. ICU4J
 * would bring the same data with 14 MB and a tenth of a second at the first use; a test compares the table with ICU4J's instead.
 */
final class Lookalikes {

    static final String UNICODE = "/safety-svc/confusables.txt";
    static final String OURS = "/safety-svc/lookalikes.txt";

    private static final Map<Integer, Character> LETTERS = new HashMap<>(read(OURS));

    static {
        LETTERS.putAll(read(UNICODE));
    }

    private Lookalikes() {}

    /** The lower-case ASCII letter or digit that {@code codePoint} looks like, 0 when none. ASCII looks like nothing but itself: 0. */
    static char of(int codePoint) {
        Character inEmblem = inEmblem(codePoint);
        return inEmblem != null ? inEmblem : LETTERS.getOrDefault(codePoint, (char) 0);
    }

    /** Letters in black circles, black squares and the regional indicators, which have no decomposition. */
    private static @Nullable Character inEmblem(int codePoint) {
        for (int firstLetter : new int[] {0x1F150, 0x1F170, 0x1F1E6}) {
            if (codePoint >= firstLetter && codePoint < firstLetter + 26) {
                return (char) ('a' + codePoint - firstLetter);
            }
        }
        return null;
    }

    /** A table: code point to letter. */
    static Map<Integer, Character> read(String resource) {
        Map<Integer, Character> letters = new HashMap<>();
        try (var stream = Objects.requireNonNull(Lookalikes.class.getResourceAsStream(resource), resource);
                var reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.US_ASCII))) {
            reader.lines().filter(line -> !line.startsWith("#")).forEach(line -> {
                String[] fields = line.split(" ", -1);
                for (int i = 1; i < fields.length; i++) {
                    letters.put(Integer.parseInt(fields[i], 16), fields[0].charAt(0));
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return letters;
    }
}
