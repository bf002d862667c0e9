// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

/** The formula, on a circle: concepts at 0 and 90 degrees. */
class ConceptsTest {

    private static final Concept CARE = new Concept("knife", "weapons", true, 0.5, new float[] {1, 0});
    private static final Concept OTHER = new Concept("beer", "alcohol", false, 0.85, new float[] {0, 1});
    private static final Concept OTHER_CARE = new Concept("bomb", "weapons", true, 0.85, new float[] {0, 1});

    @Test
    void in_pictureBeyondAThreshold_isRecognisedWithTheDistance() {
        List<Concepts.Recognised> recognised = new Concepts(0.01, List.of(CARE, OTHER)).in(at(10));

        assertThat(recognised).hasSize(1);
        assertThat(recognised.getFirst().concept()).isSameAs(CARE);
        assertThat(recognised.getFirst().score()).isCloseTo(Math.cos(Math.toRadians(10)) - 0.5, within(1e-6));
    }

    @Test
    void in_exactlyAtTheThreshold_isNotRecognised() {
        Concept exact = new Concept("exact", "weapons", false, 1, new float[] {1, 0});
        assertThat(new Concepts(0.01, List.of(exact)).in(at(0))).isEmpty();
    }

    /** At 58 degrees the sine is 0.848: short of 0.85 by less than the margin. The special-care concept is at 0.53. */
    @Test
    void in_specialCareRecognised_lowersTheBarOfTheOthers() {
        assertThat(new Concepts(0.01, List.of(OTHER)).in(at(58))).isEmpty();
        assertThat(new Concepts(0.01, List.of(OTHER, CARE)).in(at(58)))
                .extracting(Concepts.Recognised::concept)
                .containsExactly(OTHER, CARE);
        assertThat(new Concepts(0, List.of(OTHER, CARE)).in(at(58)))
                .extracting(Concepts.Recognised::concept)
                .containsExactly(CARE);
    }

    @Test
    void in_specialCareRecognised_leavesOtherSpecialCareConceptsTheirBar() {
        assertThat(new Concepts(0.01, List.of(OTHER_CARE, CARE)).in(at(58)))
                .extracting(Concepts.Recognised::concept)
                .containsExactly(CARE);
    }

    /** At 62 degrees the special-care concept's cosine is 0.47, below its threshold. */
    @Test
    void in_specialCareNotRecognised_leavesTheBar() {
        Concept near = new Concept("near", "alcohol", false, 0.89, new float[] {0, 1});
        assertThat(new Concepts(0.01, List.of(near, CARE)).in(at(62))).isEmpty();
    }

    private static float[] at(double degrees) {
        return new float[] {(float) Math.cos(Math.toRadians(degrees)), (float) Math.sin(Math.toRadians(degrees))};
    }
}
