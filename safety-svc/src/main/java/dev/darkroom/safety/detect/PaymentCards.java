// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety.detect;

import dev.darkroom.safety.text.FoldedText;
import dev.darkroom.safety.text.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Payment card numbers: 13 to 19 digits in one piece or in groups, of an issuer's range and length, with a right check digit (ISO/IEC 7812, Luhn). */
final class PaymentCards {

    private static final int SHORTEST = 13;
    private static final int LONGEST = 19;
    private static final Set<String> SEPARATORS = Set.of(" ", "-");

    private PaymentCards() {}

    static List<Span> in(FoldedText text) {
        List<Span> spans = new ArrayList<>();
        DigitGroups groups = new DigitGroups(text);
        for (int first = 0; first < groups.all().size(); first++) {
            int last = lastGroup(groups, first);
            if (last >= 0 && !groups.isSeed(first)) {
                spans.add(text.inOriginal(
                        groups.get(first).start(), groups.get(last).end()));
                first = last;
            }
        }
        return spans;
    }

    /** The last group of the longest card number that begins with group {@code first}, -1 when there is none. */
    private static int lastGroup(DigitGroups groups, int first) {
        int length = groups.get(first).length();
        if (length != 4 && (length < SHORTEST || length > LONGEST)) {
            return -1;
        }
        for (int last = groups.lastOver(first, SEPARATORS); last >= first; last--) {
            if (groups.standAlone(first, last) && isCardNumber(groups.digits(first, last))) {
                return last;
            }
        }
        return -1;
    }

    private static boolean isCardNumber(String digits) {
        return digits.length() >= SHORTEST && digits.length() <= LONGEST && isIssued(digits) && passesLuhn(digits);
    }

    /** The ranges and lengths that issuers use. */
    private static boolean isIssued(String digits) {
        int length = digits.length();
        int two = Integer.parseInt(digits, 0, 2, 10);
        int four = Integer.parseInt(digits, 0, 4, 10);
        return switch (length) {
            case 13 -> two / 10 == 4; // Visa
            case 14 -> two == 36 || two == 38 || isIn(3000, four, 3059); // Diners Club
            case 15 -> two == 34 || two == 37; // American Express
            case 16 ->
                two / 10 == 4 // Visa
                        || isIn(51, two, 55) // Mastercard
                        || isIn(2200, four, 2204) // Mir
                        || isIn(2221, four, 2720) // Mastercard
                        || isIn(3528, four, 3589) // JCB
                        || four == 6011 // Discover
                        || two == 60 // RuPay
                        || two == 62 // UnionPay
                        || isIn(64, two, 65); // Discover
            case 17, 18 -> two == 62; // UnionPay
            default -> two / 10 == 4 || two == 62; // Visa, UnionPay
        };
    }

    private static boolean isIn(int low, int value, int high) {
        return low <= value && value <= high;
    }

    private static boolean passesLuhn(String digits) {
        int sum = 0;
        for (int i = 0; i < digits.length(); i++) {
            int digit = digits.charAt(digits.length() - 1 - i) - '0';
            int weighted = i % 2 == 0 ? digit : 2 * digit;
            sum += weighted > 9 ? weighted - 9 : weighted;
        }
        return sum % 10 == 0;
    }
}
