// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.caption;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Says of people what a picture shows, not what it cannot: "a man" becomes "a person". */
final class NeutralTerms {
    private static final Map<String, String> NEUTRAL = neutral();
    private static final Pattern ANY =
            Pattern.compile("\\b(" + String.join("|", NEUTRAL.keySet()) + ")\\b", Pattern.CASE_INSENSITIVE);

    private NeutralTerms() {}

    private static Map<String, String> neutral() {
        Map<String, String> neutral = new HashMap<>();
        String[][] pairs = {
            {"person", "man woman guy lady gentleman"},
            {"people", "men women guys ladies gentlemen"},
            {"child", "boy girl"},
            {"children", "boys girls"},
            {"parent", "mother father"},
            {"parents", "mothers fathers"},
            {"sibling", "brother sister"},
            {"siblings", "brothers sisters"},
            {"spouse", "husband wife"},
            {"spouses", "husbands wives"},
            {"police officer", "policeman policewoman"},
            {"police officers", "policemen policewomen"},
            {"firefighter", "fireman firewoman"},
            {"firefighters", "firemen firewomen"},
            {"waiter", "waitress"},
            {"actor", "actress"},
            {"business person", "businessman businesswoman"},
            {"business people", "businessmen businesswomen"},
            {"they", "he she"},
            {"their", "his her"},
            {"themself", "himself herself"},
        };
        for (String[] pair : pairs) {
            List.of(pair[1].split(" ")).forEach(word -> neutral.put(word, pair[0]));
        }
        return neutral;
    }

    /** Replaces the terms, keeping a capital first letter. */
    static String in(String text) {
        return ANY.matcher(text).replaceAll(NeutralTerms::replacement);
    }

    private static String replacement(MatchResult match) {
        String word = match.group();
        String neutral = NEUTRAL.getOrDefault(word.toLowerCase(Locale.ROOT), word);
        return Character.isUpperCase(word.charAt(0)) ? Wording.capitalised(neutral) : neutral;
    }
}
