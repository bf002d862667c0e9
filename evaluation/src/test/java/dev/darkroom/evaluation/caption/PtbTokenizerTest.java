// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.caption;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.darkroom.evaluation.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Against tokens recorded from CoreNLP 3.4.1. */
final class PtbTokenizerTest {

    @TestFactory
    Stream<DynamicTest> tokens_recordedCases_areCoreNlps() {
        return Golden.elements(Golden.at("captions", "tokenizer_cases"))
                .map(golden -> dynamicTest(golden.required("text").textValue(), () -> {
                    String text = golden.required("text").textValue();
                    assertThat(String.join(" ", PtbTokenizer.tokens(text)))
                            .isEqualTo(golden.required("ptb").textValue());
                    assertThat(String.join(" ", PtbTokenizer.words(text)))
                            .isEqualTo(
                                    golden.required("after_punctuation_removal").textValue());
                }));
    }

    @TestFactory
    Stream<DynamicTest> words_recordedCorpus_areCoreNlps() {
        var tokenized = Golden.elements(Golden.at("captions", "A", "images")).toList();
        return Golden.elements(Golden.at("captions", "A_raw")).map(raw -> {
            String id = raw.required("id").textValue();
            var expected = tokenized.stream()
                    .filter(it -> it.required("id").textValue().equals(id))
                    .findFirst()
                    .orElseThrow();
            return dynamicTest(id, () -> {
                assertThat(joined(raw.required("candidate").textValue()))
                        .isEqualTo(expected.required("candidate").textValue());
                assertThat(Golden.texts(raw.required("references")).stream()
                                .map(PtbTokenizerTest::joined)
                                .toList())
                        .isEqualTo(Golden.texts(expected.required("references")));
            });
        });
    }

    @TestFactory
    Stream<DynamicTest> words_recordedOddities_areCoreNlps() throws IOException {
        List<String> lines = Files.readAllLines(Path.of("src/test/resources/ptb-tokens.txt"));
        assertThat(lines.size()).isGreaterThan(60);
        return IntStream.iterate(1, i -> i < lines.size(), i -> i + 2)
                .mapToObj(i -> dynamicTest(
                        lines.get(i),
                        () -> assertThat(PtbTokenizer.words(lines.get(i)))
                                .isEqualTo(PtbTokenizer.counted(
                                        List.of(lines.get(i + 1).split(" "))))));
    }

    private static String joined(String text) {
        return String.join(" ", PtbTokenizer.words(text));
    }

    @Test
    void tokens_typographicApostrophe_isAnOrdinaryOne() {
        assertThat(PtbTokenizer.tokens("it\u2019s a man\u2019s, isn\u2019t it"))
                .containsExactly("it", "'s", "a", "man", "'s", ",", "is", "n't", "it");
    }

    @Test
    void tokens_nothingToSay_isEmpty() {
        assertThat(PtbTokenizer.tokens(" \t")).isEqualTo(List.of());
        assertThat(PtbTokenizer.words("...")).isEqualTo(List.of());
    }

    @Test
    void tokens_longRunOfOneKind_takesLinearTime() {
        assertThat(PtbTokenizer.tokens("a-".repeat(20_000))).isNotEmpty();
        assertThat(PtbTokenizer.tokens("a".repeat(40_000))).hasSize(1);
        assertThat(PtbTokenizer.tokens("<a ".repeat(3_000))).isNotEmpty();
    }
}
