// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.generation;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The new tokens of a row, last one first, so that beams share what they have in common.
 *
 * @param logProb natural logarithm of the token's probability under the model, as it is before penalties
 */
record TokenChain(@Nullable TokenChain before, int token, double logProb) {
    static List<TokenChain> inOrder(@Nullable TokenChain last) {
        List<TokenChain> links = new ArrayList<>();
        for (TokenChain link = last; link != null; link = link.before) {
            links.add(link);
        }
        Collections.reverse(links);
        return links;
    }
}
