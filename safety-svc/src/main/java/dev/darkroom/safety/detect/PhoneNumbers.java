// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety.detect;

import dev.darkroom.safety.text.FoldedText;
import dev.darkroom.safety.text.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Telephone numbers, by the forms they are written in:
 *
 * <ul>
 *   <li>international, {@code +} or {@code 00} and an assigned calling code (ITU E.164), 8 to 15 digits, grouped in any way;
 *   <li>North American, {@code 212-555-0142}, {@code (212) 555-0142}, {@code 1 212 555 0142} behind a word;
 *   <li>national with a leading zero, {@code 030 1234567}, {@code 06 12 34 56 78}, {@code 07911123456};
 *   <li>7 digits or more right behind a word that says so: {@code call 555 0142}.
 * </ul>
 *
 * <p>Bare runs of digits without any of that are seeds, sizes and years, not telephone numbers.
 */
final class PhoneNumbers {

    private static final Set<String> SEPARATORS = Set.of(" ", "-", ".", "/", ") ", ")", " (", "(", ")-", " - ", "-(");
    private static final Set<String> TWO_DIGIT_CODES = Set.of(
            "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48", "49",
            "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81", "82", "84",
            "86", "90", "91", "92", "93", "94", "95", "98");
    private static final Set<String> CALLS =
            Set.of("call", "dial", "tel", "telephone", "whatsapp", "sms", "fax", "ph", "telefon");
    private static final Set<String> PHONES = Set.of("phone", "mobile", "cell", "contact");
    private static final Set<String> LINKS =
            Set.of("me", "us", "him", "her", "now", "at", "on", "is", "no", "nr", "number", ":", "=");
    private static final int MOST_DIGITS = 15;

    private final FoldedText text;
    private final DigitGroups groups;

    private PhoneNumbers(FoldedText text) {
        this.text = text;
        this.groups = new DigitGroups(text);
    }

    static List<Span> in(FoldedText text) {
        return new PhoneNumbers(text).all();
    }

    private List<Span> all() {
        List<Span> spans = new ArrayList<>();
        for (int first = 0; first < groups.all().size(); first++) {
            int last = lastGroup(first);
            if (last >= 0) {
                spans.add(text.inOriginal(startOf(first), groups.get(last).end()));
                first = last;
            }
        }
        return spans;
    }

    /** The number's start, with the plus sign and the bracket before its digits. */
    private int startOf(int first) {
        int start = groups.get(first).start();
        while (start > 0 && (text.at(start - 1) == '+' || text.at(start - 1) == '(')) {
            start--;
        }
        return start;
    }

    private int lastGroup(int first) {
        if (Character.isLetterOrDigit(text.at(groups.get(first).start() - 1)) || groups.isSeed(first)) {
            return -1;
        }
        for (int last = groups.lastOver(first, SEPARATORS); last >= first; last--) {
            if (groups.digits(first, last).length() <= MOST_DIGITS + 2
                    && groups.standAlone(first, last)
                    && isNumber(first, last)) {
                return last;
            }
        }
        return -1;
    }

    private boolean isNumber(int first, int last) {
        String digits = groups.digits(first, last);
        return isInternational(first, digits)
                || isNorthAmerican(first, last)
                || isNational(first, last, digits)
                || isAnnounced(first, digits);
    }

    private boolean isInternational(int first, String digits) {
        int start = groups.get(first).start();
        if (text.at(start - 1) == '+' || (text.at(start - 1) == '(' && text.at(start - 2) == '+')) {
            return hasCallingCode(digits);
        }
        return digits.startsWith("00") && startsARun(first) && hasCallingCode(digits.substring(2));
    }

    private static boolean hasCallingCode(String digits) {
        if (digits.length() < 8 || digits.length() > MOST_DIGITS) {
            return false;
        }
        return switch (digits.charAt(0)) {
            case '0' -> false;
            case '1' -> digits.length() == 11 && digits.charAt(1) >= '2' && digits.charAt(4) >= '2';
            case '7' -> digits.length() == 11;
            default ->
                TWO_DIGIT_CODES.contains(digits.substring(0, 2))
                        || digits.length() >= 9; // the rest are codes of three digits
        };
    }

    /** Area code, exchange, line: 3-3-4 digits, perhaps after a 1. Blanks alone between them (640 480 1024) do not make a number. */
    private boolean isNorthAmerican(int first, int last) {
        int area = groups.digits(first).equals("1") ? first + 1 : first;
        return last == area + 2
                && groups.get(area).length() == 3
                && groups.get(area + 1).length() == 3
                && groups.get(last).length() == 4
                && groups.digits(area).charAt(0) >= '2'
                && groups.digits(area + 1).charAt(0) >= '2'
                && !(groups.separatorBefore(area + 1).equals(" ")
                        && groups.separatorBefore(last).equals(" "));
    }

    private boolean isNational(int first, int last, String digits) {
        if (!startsARun(first)
                || digits.chars().allMatch(c -> c <= '1')
                || digits.length() < 9
                || digits.length() > 12
                || digits.charAt(0) != '0'
                || digits.charAt(1) == '0') {
            return false;
        }
        return first == last ? digits.length() == 10 || digits.length() == 11 : isGroupedLikeANumber(first, last);
    }

    /** Whether no digits stand before the group with only a blank between. */
    private boolean startsARun(int first) {
        return !groups.separatorBefore(first).equals(" ");
    }

    private boolean isGroupedLikeANumber(int first, int last) {
        boolean counts = true;
        for (int i = first; i <= last; i++) {
            if (groups.get(i).length() < 2) {
                return false;
            }
            counts &= i == first || follows(i);
        }
        return !counts && !isDate(first, last);
    }

    /** Whether the group is the number after the one before it, as in 01 02 03. */
    private boolean follows(int group) {
        return groups.get(group).length() == 2
                && Integer.parseInt(groups.digits(group)) == Integer.parseInt(groups.digits(group - 1)) + 1;
    }

    /** Day, month and year, with or without an hour behind. */
    private boolean isDate(int first, int last) {
        return last >= first + 2
                && groups.get(first).length() == 2
                && groups.get(first + 1).length() == 2
                && groups.get(first + 2).length() == 4
                && Integer.parseInt(groups.digits(first)) <= 31
                && Integer.parseInt(groups.digits(first + 1)) <= 31;
    }

    /** Whether the words before the number say that it is one: "call me at", "phone number:", "tel". */
    private boolean isAnnounced(int first, String digits) {
        if (digits.length() < 7 || digits.length() > MOST_DIGITS) {
            return false;
        }
        List<String> before = groups.wordsBefore(first);
        boolean linked = false;
        for (String word : before) {
            if (CALLS.contains(word) || (linked && PHONES.contains(word))) {
                return true;
            }
            if (!LINKS.contains(word)) {
                return false;
            }
            linked = true;
        }
        return false;
    }
}
