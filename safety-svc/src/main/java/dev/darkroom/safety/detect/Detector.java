// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety.detect;

import dev.darkroom.safety.text.FoldedText;
import dev.darkroom.safety.text.Span;
import java.util.List;

/** Finds something by its form. A policy names them in lower case. */
public enum Detector {
    /** Addresses of electronic mail. */
    EMAIL,
    /** Telephone numbers, international and in common national forms. */
    PHONE,
    /** Numbers of payment cards: issuer, length and check digit fit. */
    PAYMENT_CARD,
    /** International bank account numbers: country, length and check digits fit. */
    IBAN,
    /** Lines that open with a role of a chat: {@code system: ...}. */
    ROLE_HEADING,
    /** Text that a reader does not see: tag characters, long runs of invisible ones, overridden direction. */
    HIDDEN_TEXT;

    /** Everything of this kind in {@code text}, in code points of the original, in order. Linear in its length. */
    public List<Span> in(FoldedText text) {
        return switch (this) {
            case EMAIL -> EmailAddresses.in(text);
            case PHONE -> PhoneNumbers.in(text);
            case PAYMENT_CARD -> PaymentCards.in(text);
            case IBAN -> Ibans.in(text);
            case ROLE_HEADING -> RoleHeadings.in(text);
            case HIDDEN_TEXT -> HiddenText.in(text);
        };
    }
}
