// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety.text;

import java.text.Normalizer;
import java.util.Arrays;
import java.util.Locale;

/**
 * A text with the disguises of its letters undone, and for each remaining character the place in the original it came from.
 *
 * <p>Compatibility forms are decomposed (NFKD: fullwidth, mathematical, superscript), combining marks dropped however many are stacked, lookalikes of
 * Latin letters replaced, invisible characters and direction controls dropped, decimal digits of every script made ASCII, letters made lower case and
 * every white space a blank. The original is never changed: this is only what it is compared by.
 *
 * <p>Places are code points of the original, not UTF-16 units. Immutable; linear in the length of the text.
 */
public final class FoldedText {

    /** Longer ones are words in one character (Arabic ligatures of 8 and 18 letters), which disguise nothing and would swell the text. */
    private static final int LONGEST_DECOMPOSITION = 6;

    private final int[] original;
    private int[] folded;
    private int[] start;
    private int[] end;
    private boolean[] disguised;
    private boolean[] afterInvisible;
    private int length;

    private FoldedText(int[] original) {
        this.original = original;
        int capacity = original.length + 16;
        folded = new int[capacity];
        start = new int[capacity];
        end = new int[capacity];
        disguised = new boolean[capacity];
        afterInvisible = new boolean[capacity];
    }

    /** Folds {@code text}. Unpaired surrogates are kept as they are. */
    public static FoldedText of(String text) {
        FoldedText result = new FoldedText(text.codePoints().toArray());
        boolean invisible = false;
        for (int i = 0; i < result.original.length; i++) {
            int codePoint = result.original[i];
            if (Invisible.is(codePoint)) {
                invisible = true;
            } else {
                result.fold(codePoint, i, invisible);
                invisible = false;
            }
        }
        return result;
    }

    private void fold(int codePoint, int place, boolean invisibleBefore) {
        if (codePoint < 0x80) {
            append(
                    Character.isWhitespace(codePoint) ? ' ' : Character.toLowerCase(codePoint),
                    place,
                    false,
                    invisibleBefore);
            return;
        }
        String pieces = Normalizer.normalize(Character.toString(codePoint), Normalizer.Form.NFKD);
        if (pieces.length() > LONGEST_DECOMPOSITION) {
            pieces = Character.toString(codePoint);
        }
        pieces.codePoints().forEach(piece -> foldPiece(piece, place, invisibleBefore));
    }

    private void foldPiece(int piece, int place, boolean invisibleBefore) {
        if (isMark(piece)) {
            if (length > 0) {
                end[length - 1] = place + 1; // the mark belongs to the letter it stands on
            }
        } else if (Character.isDigit(piece)) {
            append('0' + Character.digit(piece, 10), place, false, invisibleBefore);
        } else if (Character.isWhitespace(piece) || Character.isSpaceChar(piece)) {
            append(' ', place, false, invisibleBefore);
        } else {
            char letter = Lookalikes.of(piece);
            append(letter != 0 ? letter : Character.toLowerCase(piece), place, letter != 0, invisibleBefore);
        }
    }

    private static boolean isMark(int codePoint) {
        int type = Character.getType(codePoint);
        return type == Character.NON_SPACING_MARK || type == Character.ENCLOSING_MARK;
    }

    private void append(int codePoint, int place, boolean isDisguised, boolean invisibleBefore) {
        if (length == folded.length) {
            grow();
        }
        folded[length] = codePoint;
        start[length] = place;
        end[length] = place + 1;
        disguised[length] = isDisguised;
        afterInvisible[length++] = invisibleBefore;
    }

    private void grow() {
        int capacity = length * 2;
        folded = Arrays.copyOf(folded, capacity);
        start = Arrays.copyOf(start, capacity);
        end = Arrays.copyOf(end, capacity);
        disguised = Arrays.copyOf(disguised, capacity);
        afterInvisible = Arrays.copyOf(afterInvisible, capacity);
    }

    /** Number of folded characters. */
    public int length() {
        return length;
    }

    /** The folded character at {@code index}; a blank outside the text, so that its ends are boundaries like any other. */
    public int at(int index) {
        return index < 0 || index >= length ? ' ' : folded[index];
    }

    /** The folded characters from {@code from} up to and without {@code to}. */
    public String substring(int from, int to) {
        return new String(folded, from, to - from);
    }

    /** Whether the character was something that only looks like what it is folded to. */
    boolean isDisguised(int index) {
        return disguised[index];
    }

    /** Whether something invisible stood before the character. */
    boolean isAfterInvisible(int index) {
        return afterInvisible[index];
    }

    /** What was written there: visible characters, composed and in lower case, with their marks and in their own script. */
    String written(int from, int to) {
        int[] visible = Arrays.stream(original, start[from], end[to - 1])
                .filter(codePoint -> !Invisible.is(codePoint))
                .toArray();
        return Normalizer.normalize(new String(visible, 0, visible.length), Normalizer.Form.NFKC)
                .toLowerCase(Locale.ROOT);
    }

    /** The folded characters {@code from} to {@code to}, in code points of the original. */
    public Span inOriginal(int from, int to) {
        return new Span(start[from], end[to - 1]);
    }

    /** The code points of the original. */
    public int originalLength() {
        return original.length;
    }

    /** The code point of the original at {@code index}; a blank outside it. */
    public int originalAt(int index) {
        return index < 0 || index >= original.length ? ' ' : original[index];
    }

    /** Says how long the text is, never what it says. */
    @Override
    public String toString() {
        return "FoldedText[" + length + "]";
    }
}
