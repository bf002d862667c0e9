// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.safety.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WordPatternTest {

    private static final Map<String, Set<String>> SETS = Map.of("person", Set.of("man", "men", "him"));

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "knife; two KNIVES here; 4-10",
                "knife; the knife's edge; 4-9",
                "body; bodies; 0-6",
                "stab~; she stabbed; 4-11",
                "stab~; stabbing; 0-8",
                "=shot; shots; ",
                "gun; gunwale begun; ",
                "kill~ the? <person>; killing him; 0-11",
                "kill~ the? <person>; kill the men; 0-12",
                "kill~ the? <person>; kill the lights; ",
                "kill~ ... <person>; kill that very old man; 0-22",
                "kill~ ... <person>; kill one two three four man; ",
                "butter knife; butter, knife; ",
                "blood, sweat; blood, sweat; 0-12",
                "severed head; severed_head; 0-12",
                "knife; a k n i f e; 2-11",
                "knife; a kn1f3; 2-7",
                "knife; kn-ife; 0-6",
                "gun; gün; 0-3",
                "gün; gun; ",
                "нож; НОЖ; 0-3"
            })
    void in_text_findsThePattern(String pattern, String text, String expected) {
        WordPatterns patterns = new WordPatterns(List.of(WordPattern.parse(pattern, SETS)));

        List<Span> spans = patterns.in(Words.of(FoldedText.of(text), new Vocabulary(patterns.words())));

        assertThat(spans.stream().map(span -> span.start() + "-" + span.end()))
                .isEqualTo(expected == null ? List.of() : List.of(expected));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "... gun", "gun the?", "gun ||", "<nobody>", "gun-metal", "*"})
    void parse_noPattern_isRefused(String pattern) {
        assertThatThrownBy(() -> WordPattern.parse(pattern, SETS)).isInstanceOf(IllegalArgumentException.class);
    }
}
