// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.caption;

import java.util.Set;

/** English words that carry grammar rather than content, and punctuation. */
final class FunctionWords {
    private static final Set<String> WORDS =
            Set.of(("a an the this that these those some any each every no all both either neither another other such "
                            + "i you he she it we they me him her us them my your his its our their mine yours hers ours theirs "
                            + "myself yourself himself herself itself ourselves themselves who whom whose which what where when why how "
                            + "and or but nor so yet if then than because while although though as until unless whether since "
                            + "in on at by for with about against between into through during before after above below to from up down of "
                            + "off over under out near along across behind around among toward towards upon within without "
                            + "be am is are was were been being have has had having do does did doing done "
                            + "can could will would shall should may might must ca wo "
                            + "not n't 's 're 've 'm 'd 'll there here also too very just only more most much many few "
                            + ". , ! ? ; : - -- ... ' '' ` `` \" ( ) [ ] { } -lrb- -rrb- -lsb- -rsb- -lcb- -rcb-")
                    .split(" "));

    private FunctionWords() {}

    static boolean contains(String token) {
        return WORDS.contains(token);
    }
}
