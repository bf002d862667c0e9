// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/**
 * Byte-level byte pair encoding, with an end-of-word mark as in openai/CLIP's {@code simple_tokenizer.py}: the UTF-8 bytes of a
 * word become printable characters, and the pair of neighbours that was learned first is joined until none is left.
 */
final class BytePairEncoding {
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
     * @param endOfWord what the last symbol of a word ends in, empty if nothing marks it
     * @param unknown the id of a symbol that is not in the vocabulary
     */
    BytePairEncoding(Map<String, Integer> vocabulary, List<String[]> merges, String endOfWord, int unknown) {
        this.symbols = new HashMap<>(vocabulary);
        this.vocabularyEnd =
                vocabulary.values().stream().mapToInt(Integer::intValue).max().orElse(-1) + 1;
        this.unknown = unknown;
        this.inner = Arrays.stream(BYTE_SYMBOLS).mapToInt(this::intern).toArray();
        this.last = Arrays.stream(BYTE_SYMBOLS)
                .mapToInt(symbol -> intern(symbol + endOfWord))
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

    /** Returns the ids of one word, which must not be empty; in time that grows little faster than its length. */
    int[] encode(String word) {
        Word symbols = new Word(bytes(word));
        symbols.joinAll();
        return symbols.ids();
    }

    private int[] bytes(String word) {
        byte[] utf8 = word.getBytes(StandardCharsets.UTF_8);
        int[] ids = new int[utf8.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = (i == ids.length - 1 ? last : inner)[utf8[i] & 0xff];
        }
        return ids;
    }

    /** A pair that could be joined when it was found. */
    private record Candidate(int rank, int position, int left, int right, int joined) implements Comparable<Candidate> {
        @Override
        public int compareTo(Candidate other) {
            return rank != other.rank ? Integer.compare(rank, other.rank) : Integer.compare(position, other.position);
        }
    }

    /** The symbols of one word as a list with links, of which joining makes the left one stand for both. */
    private final class Word {
        private static final int GONE = -1;

        private final int[] ids;
        private final int[] next;
        private final int[] previous;
        private final PriorityQueue<Candidate> candidates = new PriorityQueue<>();

        Word(int[] ids) {
            this.ids = ids;
            this.next = new int[ids.length];
            this.previous = new int[ids.length];
            for (int i = 0; i < ids.length; i++) {
                next[i] = i + 1;
                previous[i] = i - 1;
            }
            for (int i = 0; i + 1 < ids.length; i++) {
                consider(i);
            }
        }

        private void consider(int position) {
            int right = position < 0 ? ids.length : next[position];
            Merge merge = right == ids.length ? null : merges.get(pair(ids[position], ids[right]));
            if (merge != null) {
                candidates.add(new Candidate(merge.rank, position, ids[position], ids[right], merge.joined));
            }
        }

        /** All occurrences of the best pair are joined, from the left, before what they became is looked at. */
        void joinAll() {
            List<Integer> joined = new ArrayList<>();
            while (!candidates.isEmpty()) {
                int rank = candidates.element().rank;
                joined.clear();
                while (!candidates.isEmpty() && candidates.element().rank == rank) {
                    Candidate candidate = candidates.remove();
                    if (isThere(candidate)) {
                        join(candidate);
                        joined.add(candidate.position);
                    }
                }
                joined.forEach(position -> {
                    consider(previous[position]);
                    consider(position);
                });
            }
        }

        private boolean isThere(Candidate candidate) {
            int right = next[candidate.position];
            return ids[candidate.position] == candidate.left && right < ids.length && ids[right] == candidate.right;
        }

        private void join(Candidate candidate) {
            int left = candidate.position;
            int right = next[left];
            ids[left] = candidate.joined;
            ids[right] = GONE;
            next[left] = next[right];
            if (next[right] < ids.length) {
                previous[next[right]] = left;
            }
        }

        int[] ids() {
            return Arrays.stream(ids)
                    .filter(id -> id != GONE)
                    .map(id -> id < vocabularyEnd ? id : unknown)
                    .toArray();
        }
    }

    /** Printable Latin-1 stands for itself; the other bytes, in order, for U+0100 and up. */
    static String[] byteSymbols() {
        String[] all = new String[256];
        int next = 256;
        for (int b = 0; b < 256; b++) {
            boolean printable = (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
            all[b] = Character.toString(printable ? b : next++);
        }
        return all;
    }
}
