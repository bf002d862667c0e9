// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety.detect;

import dev.darkroom.safety.text.FoldedText;
import dev.darkroom.safety.text.Span;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** International bank account numbers: the country's length and the remainder of ISO 13616 (mod 97 is 1). */
final class Ibans {

    private static final String REGISTRY =
            "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 "
                    + "FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 MC27 MD24 ME22 MK19 MR27 "
                    + "MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20";
    private static final Map<String, Integer> LENGTHS = new HashMap<>();

    static {
        for (String entry : REGISTRY.split(" ", -1)) {
            LENGTHS.put(entry.substring(0, 2).toLowerCase(Locale.ROOT), Integer.parseInt(entry, 2, 4, 10));
        }
    }

    private Ibans() {}

    static List<Span> in(FoldedText text) {
        List<Span> spans = new ArrayList<>();
        for (int start = 0; start + 4 <= text.length(); start++) {
            if (!isAlphanumeric(text.at(start - 1)) && isDigit(text.at(start + 2)) && isDigit(text.at(start + 3))) {
                Integer length = LENGTHS.get(text.substring(start, start + 2));
                int end = length == null ? -1 : endOf(text, start, length);
                if (end > 0) {
                    spans.add(text.inOriginal(start, end));
                }
            }
        }
        return spans;
    }

    /** The end of the account number of {@code length} characters from {@code start} on, -1 when there is none. */
    private static int endOf(FoldedText text, int start, int length) {
        StringBuilder number = new StringBuilder(length);
        int i = start;
        for (; number.length() < length; i++) {
            int c = text.at(i);
            if (isAlphanumeric(c)) {
                number.append((char) c);
            } else if ((c != ' ' && c != '-') || !isAlphanumeric(text.at(i + 1))) {
                return -1;
            }
        }
        return !isAlphanumeric(text.at(i)) && remainder(number) == 1 ? i : -1;
    }

    private static int remainder(CharSequence number) {
        int remainder = 0;
        for (int i = 0; i < number.length(); i++) {
            int value = Character.digit(number.charAt((i + 4) % number.length()), 36);
            remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
        }
        return remainder;
    }

    private static boolean isDigit(int c) {
        return c >= '0' && c <= '9';
    }

    private static boolean isAlphanumeric(int c) {
        return isDigit(c) || (c >= 'a' && c <= 'z');
    }
}
