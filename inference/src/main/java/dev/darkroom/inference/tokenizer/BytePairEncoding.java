// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Byte-level byte pair encoding with an end-of-word mark, as in openai/CLIP's {@code simple_tokenizer.py}: the UTF-8 bytes of a
 * word become printable characters, and the pair of neighbours that was learned first is joined until none is left.
 */
final class BytePairEncoding {
    private static final String END_OF_WORD = "</w>";
    private static final String[] BYTE_SYMBOLS = byteSymbols();

    private record Merge(int rank, int joined) {}

    /** Symbols to ids: the vocabulary's own, then ids past its end for what only occurs between merges. */
    private final Map<String, Integer> symbols;

    private final Map<Long, Merge> merges;
    /** By byte, within a word and at its end. */
    private final int[] inner;

    private final int[] last;
    private final int vocabularyEnd;
    private final int unknown;

    /**
     * @param merges pairs of symbols, first learned first
     * @param unknown the id of a symbol that is not in the vocabulary
     */
    BytePairEncoding(Map<String, Integer> vocabulary, List<String[]> merges, int unknown) {
        this.symbols = new HashMap<>(vocabulary);
        this.vocabularyEnd =
                vocabulary.values().stream().mapToInt(Integer::intValue).max().orElse(-1) + 1;
        this.unknown = unknown;
        this.inner = Arrays.stream(BYTE_SYMBOLS).mapToInt(this::intern).toArray();
        this.last = Arrays.stream(BYTE_SYMBOLS)
                .mapToInt(symbol -> intern(symbol + END_OF_WORD))
                .toArray();
        this.merges = HashMap.newHashMap(merges.size());
        for (int rank = 0; rank < merges.size(); rank++) {
            String left = merges.get(rank)[0];
            String right = merges.get(rank)[1];
            this.merges.put(pair(intern(left), intern(right)), new Merge(rank, intern(left + right)));
        }
    }

    private int intern(String symbol) {
        return symbols.computeIfAbsent(symbol, s -> vocabularyEnd + symbols.size());
    }

    private static long pair(int left, int right) {
        return ((long) left << 32) | right;
    }

    /** Returns the ids of one word, which must not be empty. */
    int[] encode(String word) {
        int[] ids = bytes(word);
        int length = ids.length;
        for (Merge best = best(ids, length); best != null; best = best(ids, length)) {
            length = join(ids, length, best);
        }
        int[] encoded = Arrays.copyOf(ids, length);
        for (int i = 0; i < length; i++) {
            encoded[i] = ids[i] < vocabularyEnd ? ids[i] : unknown;
        }
        return encoded;
    }

    private int[] bytes(String word) {
        byte[] utf8 = word.getBytes(StandardCharsets.UTF_8);
        int[] ids = new int[utf8.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = (i == ids.length - 1 ? last : inner)[utf8[i] & 0xff];
        }
        return ids;
    }

    private @Nullable Merge best(int[] ids, int length) {
        Merge best = null;
        for (int i = 0; i + 1 < length; i++) {
            Merge merge = merges.get(pair(ids[i], ids[i + 1]));
            if (merge != null && (best == null || merge.rank < best.rank)) {
                best = merge;
            }
        }
        return best;
    }

    /** Joins every occurrence of a pair in place, left to right, and returns the new length. */
    private int join(int[] ids, int length, Merge merge) {
        int end = 0;
        for (int i = 0; i < length; i++) {
            boolean joins = i + 1 < length && merge.equals(merges.get(pair(ids[i], ids[i + 1])));
            ids[end++] = joins ? merge.joined : ids[i];
            i += joins ? 1 : 0;
        }
        return end;
    }

    /** Printable Latin-1 stands for itself; the other bytes, in order, for U+0100 and up. */
    private static String[] byteSymbols() {
        String[] all = new String[256];
        int next = 256;
        for (int b = 0; b < 256; b++) {
            boolean printable = (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
            all[b] = Character.toString(printable ? b : next++);
        }
        return all;
    }
}
