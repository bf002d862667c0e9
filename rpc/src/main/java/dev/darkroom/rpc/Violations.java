// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

/**
 * Gathers every bad field of a request, so that the caller hears of all of them at once. Not thread-safe.
 *
 * <p>Each check returns whether the value is good, for the checks that only make sense after it.
 */
public final class Violations {

    private final List<Violation> found = new ArrayList<>();

    /** Adds a violation {@code must be LIMIT, but was VALUE}; the value is escaped and cut. */
    public void add(String field, String limit, Object value) {
        found.add(new Violation(field, "must be " + limit + ", but was " + Echo.of(value)));
    }

    /** Adds a violation in the same form unless {@code good}. */
    public boolean check(boolean good, String field, String limit, Object value) {
        if (!good) {
            add(field, limit, value);
        }
        return good;
    }

    /** Checks a whole number, both bounds inclusive. */
    public boolean range(String field, long value, long min, long max) {
        return check(value >= min && value <= max, field, min + " to " + max, value);
    }

    /** As the other one, without the digits that a float does not have. */
    public boolean range(String field, float value, double min, double max) {
        return check(value >= min && value <= max, field, finite(min, max), value);
    }

    /** Checks a real number, both bounds inclusive; NaN and infinities are never good. */
    public boolean range(String field, double value, double min, double max) {
        return check(value >= min && value <= max, field, finite(min, max), value);
    }

    /**
     * Checks words of the caller without ever quoting them: their length in Unicode code points, both bounds
     * inclusive, no NUL, no unpaired surrogate.
     */
    public boolean text(String field, String value, int min, int max) {
        int before = found.size();
        int length = value.codePointCount(0, value.length());
        check(length >= min && length <= max, field, min + " to " + max + " Unicode code points long", length);
        if (value.indexOf('\0') >= 0) {
            found.add(new Violation(field, "must not hold a NUL character"));
        }
        if (value.codePoints().anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)) {
            found.add(new Violation(field, "must not hold an unpaired surrogate"));
        }
        return found.size() == before;
    }

    /** Whether nothing was found yet. */
    public boolean isEmpty() {
        return found.isEmpty();
    }

    /** Throws {@link Fault.InvalidArgument} with everything found, if anything was. */
    public void throwIfAny() {
        if (!found.isEmpty()) {
            throw new Fault.InvalidArgument(found);
        }
    }

    private static String finite(double min, double max) {
        return "a finite number from "
                + BigDecimal.valueOf(min).stripTrailingZeros().toPlainString() + " to "
                + BigDecimal.valueOf(max).stripTrailingZeros().toPlainString();
    }
}
