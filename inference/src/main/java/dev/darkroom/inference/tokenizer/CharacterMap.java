// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * SentencePiece's compiled normalization rules ({@code precompiled_charsmap}): the size of a double-array trie (little-endian
 * uint32), the trie's units, and the replacements, each ended by a zero byte. Keys are UTF-8; a key's value is where its
 * replacement starts. Bits of a unit are those of darts-clone.
 */
final class CharacterMap {
    /** A rule that applies, and where the text goes on behind what it replaces. */
    record Match(int end, String replacement) {}

    /** Marks a node that ends a key; no trie has so many units. */
    private static final int LEAF = 1 << 30;

    private final int[] units;
    private final byte[] replacements;

    /**
     * @param compiled empty if there are no rules
     * @throws IllegalArgumentException if the sizes do not fit
     */
    CharacterMap(byte[] compiled) {
        ByteBuffer buffer = ByteBuffer.wrap(compiled).order(ByteOrder.LITTLE_ENDIAN);
        try {
            units = new int[compiled.length == 0 ? 0 : Math.min(buffer.getInt(), buffer.remaining()) / Integer.BYTES];
            for (int i = 0; i < units.length; i++) {
                units[i] = buffer.getInt();
            }
        } catch (BufferUnderflowException | NegativeArraySizeException e) {
            throw new IllegalArgumentException("not a compiled character map of " + compiled.length + " bytes", e);
        }
        replacements = new byte[buffer.remaining()];
        buffer.get(replacements);
    }

    /** Returns the rule with the longest key that the text has at an index. */
    @Nullable
    Match longest(String text, int from) {
        return find(text, from, false);
    }

    /** Returns the rule with the shortest key that the text begins with. */
    @Nullable
    Match shortest(String text) {
        return find(text, 0, true);
    }

    private @Nullable Match find(String text, int from, boolean first) {
        int end = 0;
        int value = -1;
        int node = units.length == 0 ? -1 : offset(units[0]);
        for (int i = from; i < text.length() && node >= 0; ) {
            int c = text.codePointAt(i);
            i += Character.charCount(c);
            node = descend(node, c);
            if (node >= 0 && value(node) >= 0) {
                end = i;
                value = value(node);
                if (first) {
                    break;
                }
            }
        }
        return value < 0 ? null : new Match(end, replacement(value));
    }

    /** Follows the bytes of a character from where a node's children begin; -1 if it is not there. */
    private int descend(int node, int c) {
        int bytes = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        int at = node;
        for (int i = 0; i < bytes && at >= 0; i++) {
            at = child(at, utf8(c, i, bytes));
        }
        return at;
    }

    private static int utf8(int c, int index, int bytes) {
        int bits = c >> (6 * (bytes - 1 - index));
        if (index > 0) {
            return 0x80 | (bits & 0x3f);
        }
        return bytes == 1 ? bits : ((0xf00 >> bytes) & 0xff) | bits;
    }

    private int child(int node, int label) {
        int at = (node & ~LEAF) ^ label;
        if (at >= units.length || (units[at] & 0x800000ff) != label) {
            return -1;
        }
        return (at ^ offset(units[at])) | ((units[at] & 0x100) == 0 ? 0 : LEAF);
    }

    private static int offset(int unit) {
        return (unit >>> 10) << ((unit & 0x200) >>> 6);
    }

    private int value(int node) {
        int at = node & ~LEAF;
        return (node & LEAF) == 0 || at >= units.length ? -1 : units[at] & 0x7fffffff;
    }

    private String replacement(int start) {
        int end = start;
        while (end < replacements.length && replacements[end] != 0) {
            end++;
        }
        return end <= start ? "" : new String(replacements, start, end - start, StandardCharsets.UTF_8);
    }
}
