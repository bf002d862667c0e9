// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PictureFilesTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    a fox in the snow      | a-fox-in-the-snow
                    ../../etc/passwd       | etc-passwd
                    Ein Fuchs, süß!        | ein-fuchs-süß
                    ${bell}!?              | bell
                    ' '                    | picture
                    """)
    void slug_anyPrompt_isOneHarmlessName(String prompt, String slug) {
        assertThat(PictureFiles.slug(prompt)).isEqualTo(slug);
    }

    @Test
    void slug_longPrompt_endsAtAWord() {
        assertThat(PictureFiles.slug("word ".repeat(100)))
                .hasSizeLessThanOrEqualTo(60)
                .endsWith("word");
    }

    @Test
    void of_otherFileType_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PictureFiles.of("fox.jpg", "a fox", 1))
                .withMessageContaining(".png");
    }
}
