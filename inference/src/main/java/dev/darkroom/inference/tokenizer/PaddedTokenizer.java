// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

import dev.darkroom.inference.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Ids between special tokens, cut and padded on the right to a window. */
final class PaddedTokenizer implements Tokenizer {
    /**
     * What surrounds the text's own tokens.
     *
     * @param endOnce whether a text that ends in the end token gets no second one, as in {@code T5Tokenizer}
     */
    record Frame(List<Integer> start, List<Integer> end, boolean endOnce, int padding) {
        Frame(int start, int end, int padding) {
            this(List.of(start), List.of(end), false, padding);
        }

        int size() {
            return start.size() + end.size();
        }
    }

    private final TokenIds tokens;
    private final Frame frame;
    private final int size;
    private final int window;

    PaddedTokenizer(TokenIds tokens, Frame frame, int size, int window) {
        if (window < frame.size()) {
            throw new IllegalArgumentException(
                    "window must hold the " + frame.size() + " special tokens, but is " + window);
        }
        this.tokens = tokens;
        this.frame = frame;
        this.size = size;
        this.window = window;
    }

    @Override
    public Tokenizer withWindow(int other) {
        return new PaddedTokenizer(tokens, frame, size, other);
    }

    @Override
    public int window() {
        return window;
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public Encoding encode(String text) {
        int[] ids = tokens.of(text);
        int room = window - frame.size();
        int kept = Math.min(ids.length, room);
        float[] padded = new float[window];
        Arrays.fill(padded, frame.padding);
        int length = 0;
        for (int id : frame.start) {
            padded[length++] = id;
        }
        for (int i = 0; i < kept; i++) {
            padded[length++] = ids[i];
        }
        for (int id : endsAlready(ids, kept) ? List.<Integer>of() : frame.end) {
            padded[length++] = id;
        }
        List<String> unseen = kept == ids.length ? List.of() : unseen(text, room);
        return new Encoding(Tensor.of(padded, 1, window), length, ids.length - kept, unseen);
    }

    private boolean endsAlready(int[] ids, int kept) {
        return frame.endOnce && kept > 0 && ids[kept - 1] == frame.end.getFirst();
    }

    /** Finds by halving how many words fit; those that give no token at all are not missed. */
    private List<String> unseen(String text, int room) {
        List<int[]> words = words(text);
        int seen = 0;
        int beyond = words.size();
        while (seen < beyond) {
            int middle = (seen + beyond) >>> 1;
            if (tokens.of(text.substring(0, words.get(middle)[1])).length <= room) {
                seen = middle + 1;
            } else {
                beyond = middle;
            }
        }
        return words.subList(seen, words.size()).stream()
                .map(word -> text.substring(word[0], word[1]))
                .filter(word -> tokens.of(word).length > 0)
                .toList();
    }

    /** Returns start and end of each run of characters that are no spaces. */
    private static List<int[]> words(String text) {
        List<int[]> words = new ArrayList<>();
        int start = 0;
        for (int i = 0; i <= text.length(); i++) {
            if (i == text.length() || isSpace(text.charAt(i))) {
                if (i > start) {
                    words.add(new int[] {start, i});
                }
                start = i + 1;
            }
        }
        return words;
    }

    private static boolean isSpace(char c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c);
    }
}
