// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class KnownSubjectsTest {
    private static final KnownSubjects SUBJECTS =
            KnownSubjects.of(List.of("fox", "cat, kitten", "butterfly", "knife", "palm tree", "bus", "fish"));

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a fox in the snow",
                "three Foxes.",
                "KITTENS, highly detailed",
                "two butterflies at night",
                "knives",
                "a palm-tree",
                "palm trees",
                "a bus",
                "buses",
                "fish"
            })
    void lacksAll_knownSubject_isFalse(String prompt) {
        assertThat(SUBJECTS.lacksAll(prompt)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"a zebra", "a firefox", "palm of a hand", "category", ""})
    void lacksAll_nothingKnown_isTrue(String prompt) {
        assertThat(SUBJECTS.lacksAll(prompt)).isTrue();
    }

    @Test
    void lacksAll_modelWithoutClaim_isFalse() {
        assertThat(KnownSubjects.of(List.of()).lacksAll("a zebra")).isFalse();
    }

    @Test
    void names_otherWords_areLeftOut() {
        assertThat(SUBJECTS.names()).startsWith("fox", "cat", "butterfly");
    }
}
