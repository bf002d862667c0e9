// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety;

/** Something that a picture can show: a point on the sphere of a CLIP model, and how near a picture of it lies. Immutable. */
final class Concept {

    private final String name;
    private final String category;
    private final boolean specialCare;
    private final double threshold;
    private final float[] embedding;

    /**
     * @param name what findings call it
     * @param category of the policies
     * @param specialCare whether other concepts are recognised sooner beside it
     * @param threshold cosine above which a picture shows it
     * @param embedding of length 1; taken over
     */
    Concept(String name, String category, boolean specialCare, double threshold, float[] embedding) {
        this.name = name;
        this.category = category;
        this.specialCare = specialCare;
        this.threshold = threshold;
        this.embedding = embedding;
    }

    String name() {
        return name;
    }

    String category() {
        return category;
    }

    boolean specialCare() {
        return specialCare;
    }

    /** How far beyond its threshold a picture is, which is of length 1 too: -2 to 2, above 0 where it shows the concept. */
    double score(float[] picture) {
        double cosine = 0;
        for (int i = 0; i < embedding.length; i++) {
            cosine += (double) embedding[i] * picture[i];
        }
        return cosine - threshold;
    }
}
