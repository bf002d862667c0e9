// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The unigram language model of Kudo 2018 (arXiv:1804.10959): of all ways to part a text into pieces, the one whose scores, logarithms of
 * probabilities, have the greatest sum. Of equal sums the one with the longer last piece counts, and in long texts rounding makes them
 * unequal: so sums are rounded as the reference rounds them, to single precision as SentencePiece's {@code EncodeOptimized} (0.2.3),
 * or not at all, as Hugging Face tokenizers.
 */
final class Unigram {
    /** How much less than the least likely piece an unknown character counts. */
    private static final int UNKNOWN_PENALTY = 10;

    /** Beyond this SentencePiece subtracts a sum from all that are still compared with it. */
    private static final double RESET = 100_000;

    /** {@code ModelProto.SentencePiece.Type}. */
    enum Kind {
        NORMAL,
        UNKNOWN,
        CONTROL,
        USER_DEFINED,
        UNUSED,
        BYTE;

        static Kind of(int number) {
            if (number < 1 || number > values().length) {
                throw new IllegalArgumentException("a piece of type " + number);
            }
            return values()[number - 1];
        }
    }

    record Piece(String text, double score, Kind kind) {}

    private final Map<String, Integer> ids = new HashMap<>();
    private final PrefixTable table;
    /** By index in the table. */
    private final int[] tableIds;

    private final double[] scores;
    private final double unknownScore;
    private final int unknown;
    private final int[] bytes;
    private final boolean single;

    /**
     * @param pieces by id
     * @param unknown the id of what is no piece
     * @param byteFallback whether an unknown character becomes the pieces of its bytes
     * @param single whether sums are rounded to single precision
     */
    Unigram(List<Piece> pieces, int unknown, boolean byteFallback, boolean single) {
        this.unknown = unknown;
        this.single = single;
        for (int id = 0; id < pieces.size(); id++) {
            ids.put(pieces.get(id).text, id);
        }
        tableIds = ids.values().stream()
                .mapToInt(Integer::intValue)
                .filter(id -> !pieces.get(id).text.isEmpty() && isFound(pieces.get(id).kind))
                .sorted()
                .toArray();
        table = new PrefixTable(
                Arrays.stream(tableIds).mapToObj(id -> pieces.get(id).text).toList());
        scores =
                Arrays.stream(tableIds).mapToDouble(id -> score(pieces.get(id))).toArray();
        double least = pieces.stream()
                .filter(piece -> piece.kind == Kind.NORMAL)
                .mapToDouble(Piece::score)
                .min()
                .orElse(0);
        unknownScore = rounded(least - UNKNOWN_PENALTY);
        bytes = byteFallback ? bytePieces() : new int[0];
    }

    private static boolean isFound(Kind kind) {
        return switch (kind) {
            case NORMAL, USER_DEFINED -> true;
            case UNKNOWN, CONTROL, UNUSED, BYTE -> false;
        };
    }

    /** A user-defined symbol is worth more than any parting of it, into shorter symbols too. */
    private static double score(Piece piece) {
        int length = piece.text.getBytes(StandardCharsets.UTF_8).length;
        return piece.kind == Kind.USER_DEFINED ? (float) (0.1 * (length - 1)) : piece.score;
    }

    private double rounded(double sum) {
        return single ? (float) sum : sum;
    }

    /** Returns the ids of the pieces of the 256 bytes, or none unless all are there. */
    private int[] bytePieces() {
        int[] pieces = new int[256];
        for (int b = 0; b < pieces.length; b++) {
            Integer id = ids.get(String.format("<0x%02X>", b));
            if (id == null) {
                return new int[0];
            }
            pieces[b] = id;
        }
        return pieces;
    }

    /** Returns the id of a piece by its text, whatever its kind, or that of the unknown one. */
    int id(String piece) {
        return ids.getOrDefault(piece, unknown);
    }

    boolean has(String piece) {
        return ids.containsKey(piece);
    }

    int[] encode(String text) {
        return new Lattice(text).ids();
    }

    /** The best way to every position of one text, found from left to right. */
    private final class Lattice implements PrefixTable.Found {
        private static final int UNREACHED = -2;
        private static final int UNKNOWN = -1;

        private final String text;
        private final double[] sums;
        private final int[] starts;
        /** Indices into the table. */
        private final int[] last;

        private int start;
        private int frontier;
        private boolean characterFound;

        Lattice(String text) {
            this.text = text;
            sums = new double[text.length() + 1];
            starts = new int[text.length() + 1];
            last = new int[text.length() + 1];
            Arrays.fill(last, UNREACHED);
            for (start = 0; start < text.length(); start = nextCharacter()) {
                characterFound = false;
                if (single && Math.abs(sums[start]) > RESET) {
                    subtract(sums[start]);
                }
                table.find(text, start, this);
                if (!characterFound) {
                    reach(nextCharacter(), UNKNOWN, unknownScore + sums[start]);
                }
            }
        }

        private int nextCharacter() {
            return start + Character.charCount(text.codePointAt(start));
        }

        @Override
        public void at(int end, int index) {
            characterFound |= end == nextCharacter();
            reach(end, index, scores[index] + sums[start]);
        }

        private void reach(int end, int index, double exact) {
            double sum = rounded(exact);
            frontier = Math.max(frontier, end);
            if (last[end] == UNREACHED || sum > sums[end]) {
                sums[end] = sum;
                starts[end] = start;
                last[end] = index;
            }
        }

        private void subtract(double sum) {
            for (int i = start; i <= frontier; i++) {
                sums[i] = rounded(sums[i] - sum);
            }
        }

        int[] ids() {
            List<int[]> pieces = new ArrayList<>();
            for (int end = text.length(); end > 0; ) {
                int begin = starts[end];
                if (last[end] == UNKNOWN) {
                    while (bytes.length == 0 && begin > 0 && last[begin] == UNKNOWN) {
                        begin = starts[begin];
                    }
                    pieces.add(unknown(text.substring(begin, end)));
                } else {
                    pieces.add(new int[] {tableIds[last[end]]});
                }
                end = begin;
            }
            return pieces.reversed().stream().flatMapToInt(Arrays::stream).toArray();
        }

        /** A run of unknown characters is one piece. */
        private int[] unknown(String run) {
            if (bytes.length == 0) {
                return new int[] {id(run)};
            }
            byte[] utf8 = run.getBytes(StandardCharsets.UTF_8);
            int[] pieces = new int[utf8.length];
            for (int i = 0; i < pieces.length; i++) {
                pieces[i] = bytes[utf8[i] & 0xff];
            }
            return pieces;
        }
    }
}
