// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.caption;

import java.util.List;

/**
 * ROUGE-L (Lin 2004) as coco-caption has it: the longest common subsequence, with the largest precision and the largest recall over the
 * references taken apart from each other, and recall weighed by beta = 1.2. A corpus' score is the mean.
 */
public final class RougeL {
    private static final double BETA_SQUARED = 1.2 * 1.2;

    private RougeL() {}

    /** Returns the score of one picture, 0 to 1. */
    public static double of(CaptionedImage image) {
        double precision = 0;
        double recall = 0;
        for (List<String> reference : image.references()) {
            double common = longestCommonSubsequence(image.candidate(), reference);
            precision =
                    Math.max(precision, common / Math.max(1, image.candidate().size()));
            recall = Math.max(recall, common / reference.size());
        }
        return precision == 0 ? 0 : (1 + BETA_SQUARED) * precision * recall / (recall + BETA_SQUARED * precision);
    }

    private static int longestCommonSubsequence(List<String> x, List<String> y) {
        int[] lengths = new int[y.size() + 1];
        for (String token : x) {
            int diagonal = 0;
            for (int j = 1; j <= y.size(); j++) {
                int above = lengths[j];
                lengths[j] = token.equals(y.get(j - 1)) ? diagonal + 1 : Math.max(above, lengths[j - 1]);
                diagonal = above;
            }
        }
        return lengths[y.size()];
    }
}
