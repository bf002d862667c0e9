// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety;

import java.util.ArrayList;
import java.util.List;

/**
 * What a picture is searched for, in the manner of the Stable Diffusion safety checker (Rombach et al. 2022; diffusers
 * {@code StableDiffusionSafetyChecker.forward_onnx}): cosine of picture and concept less the concept's threshold; where a special-care
 * concept comes out above 0, all that are none get the margin on top; what is above 0 then is recognised. Other than there, a
 * special-care concept is a finding itself, for here it has a category too.
 */
record Concepts(double specialCareMargin, List<Concept> all) {

    Concepts {
        all = List.copyOf(all);
    }

    /** A concept that a picture shows, and how clearly: above 0. */
    record Recognised(Concept concept, double score) {}

    /** The concepts that a picture shows, whose embedding has length 1; in the order of the file. */
    List<Recognised> in(float[] picture) {
        boolean care = all.stream().anyMatch(concept -> concept.specialCare() && concept.score(picture) > 0);
        List<Recognised> recognised = new ArrayList<>();
        for (Concept concept : all) {
            double score = concept.score(picture) + (care && !concept.specialCare() ? specialCareMargin : 0);
            if (score > 0) {
                recognised.add(new Recognised(concept, score));
            }
        }
        return recognised;
    }
}
