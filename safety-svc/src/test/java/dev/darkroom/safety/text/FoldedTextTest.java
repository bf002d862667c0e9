// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.safety.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FoldedTextTest {

    @ParameterizedTest
    @CsvSource({
        "KNIFE, knife",
        "\uFF2B\uFF4E\uFF49\uFF46\uFF45, knife",
        "k\u200Bn\u00ADi\u2060f\u202Ee, knife",
        "k\u0301\u0302\u0303n\u0336ife, knife",
        "\u043An\u0456f\u0435, knife",
        "\u0664\u0665, 45",
        "\uFB01re, fire",
        "\u00C9t\u00E9, ete"
    })
    void of_disguise_isFolded(String text, String folded) {
        FoldedText result = FoldedText.of(text);

        assertThat(result.substring(0, result.length())).isEqualTo(folded);
    }

    @Test
    void inOriginal_behindEmojiAndInvisible_countsCodePoints() {
        FoldedText text = FoldedText.of("\uD83E\uDD8A a k\u200Bni\u0301fe!");

        assertThat(text.substring(4, 9)).isEqualTo("knife");
        assertThat(text.inOriginal(4, 9)).isEqualTo(new Span(4, 11));
    }

    @Test
    void inOriginal_ligature_isTheWholeCharacter() {
        FoldedText text = FoldedText.of("a \uFB01re");

        assertThat(text.inOriginal(2, 3)).isEqualTo(new Span(2, 3));
        assertThat(text.inOriginal(3, 6)).isEqualTo(new Span(2, 5));
    }

    @Test
    void written_marksAndScript_areKept() {
        FoldedText text = FoldedText.of("G\u00FCN \u041D\u043E\u0436");

        assertThat(text.written(0, 3)).isEqualTo("g\u00FCn");
        assertThat(text.written(4, 7)).isEqualTo("\u043D\u043E\u0436");
    }

    @Test
    void toString_always_keepsTheWordsToItself() {
        FoldedText text = FoldedText.of("heliotrope knife");

        assertThat(text + " " + Words.of(text, new Vocabulary(List.of("knife")))
                        + Words.of(text, new Vocabulary(List.of())).list())
                .doesNotContain("heliotrope", "knife");
    }
}
