// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.caption;

import static org.assertj.core.api.Assertions.assertThat;

import dev.darkroom.caption.v1.CaptionStyle;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What happens to words after the model: repetitions, terms for people, blocked terms, styles. */
final class WordsTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a fox a fox a fox in the snow | a fox in the snow",
                "the the fox | the fox",
                "a red fox, a red fox | a red fox",
                "A fox a fox | a fox",
                "a fox beside a fox | a fox beside a fox",
                "snow | snow",
            })
    void repetitions_remove_leavesOneOfEach(String text, String left) {
        assertThat(Repetitions.remove(text)).isEqualTo(left);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a man and two women with their dog | a person and two people with their dog",
                "A Policeman in his car | A Police officer in their car",
                "boys on the beach | children on the beach",
                "a mango on a manhole | a mango on a manhole",
            })
    void neutralTerms_in_sayWhatIsSeen(String text, String neutral) {
        assertThat(NeutralTerms.in(text)).isEqualTo(neutral);
    }

    @Test
    void blockedTerms_areIn_matchesWholeWordsInAnyCase() {
        BlockedTerms terms = new BlockedTerms(List.of("knife", " red  fox ", "(x"));
        assertThat(terms.areIn("a KNIFE.")).isTrue();
        assertThat(terms.areIn("the Red\tfox")).isTrue();
        assertThat(terms.areIn("an (x there")).isTrue();
        assertThat(terms.areIn("knifes and redfox")).isFalse();
        assertThat(terms.cutFrom("a knife beside a red fox in snow")).isEqualTo("a beside a in snow");
        assertThat(new BlockedTerms(List.of()).areIn("anything")).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a photo of a red fox in the snow | red fox in snow",
                "a fox | a fox",
                "fox | fox",
                "three blue cars on the beach at night under stars | three blue cars on beach",
                "two small white pandas in front of the old house | two small white pandas",
            })
    void wording_short_isTwoToFiveWords(String text, String small) {
        assertThat(Wording.in(CaptionStyle.CAPTION_STYLE_SHORT, text)).isEqualTo(small);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a picture of a red fox in the snow | A red fox in the snow.",
                "there is a photograph of the sea. | The sea.",
                "Is it a fox? | Is it a fox?",
            })
    void wording_altText_isASentence(String text, String sentence) {
        assertThat(Wording.in(CaptionStyle.CAPTION_STYLE_ALT_TEXT, text)).isEqualTo(sentence);
    }

    @Test
    void wording_longAltText_endsAtAWordWithin125Characters() {
        String sentence = Wording.in(CaptionStyle.CAPTION_STYLE_ALT_TEXT, "a red fox in the snow ".repeat(20));
        assertThat(sentence).hasSizeLessThanOrEqualTo(125).endsWith(" a red fox.");
        assertThat(Wording.in(CaptionStyle.CAPTION_STYLE_ALT_TEXT, "x".repeat(500)))
                .hasSize(125);
    }

    @Test
    void wording_detailed_isEverything() {
        assertThat(Wording.in(CaptionStyle.CAPTION_STYLE_DETAILED, "a photo of a fox"))
                .isEqualTo("a photo of a fox");
    }
}
