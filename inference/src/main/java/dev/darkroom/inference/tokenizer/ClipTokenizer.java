// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

import dev.darkroom.inference.tensor.Tensor;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * CLIP's tokenizer, id for id that of transformers' {@code CLIPTokenizer} (4.57, without ftfy) over the same files; vocabulary,
 * special tokens and window come from the folder. Characters that Unicode assigned after version 14 may differ, as they do
 * between Python versions.
 *
 * <p>Immutable and thread-safe.
 */
public final class ClipTokenizer {
    /**
     * {@code CLIPTokenizer.pat}; the two special tokens reach it only in another case, lowered since.
     * U+0345 is matched by nothing there, because without regard to case it is a letter (iota).
     */
    private static final Pattern PIECE = Pattern.compile(
            "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|\\p{L}+|\\p{N}|[^\\u0345\\s\\u0085\\u2028\\u2029\\p{Zs}\\p{L}\\p{N}]+",
            Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE);

    private final BytePairEncoding encoding;
    private final ClipVocabulary vocabulary;
    private final int window;

    private ClipTokenizer(ClipVocabulary vocabulary, int window) {
        this.vocabulary = vocabulary;
        this.window = window;
        this.encoding = new BytePairEncoding(vocabulary.ids(), vocabulary.merges(), vocabulary.unknown());
    }

    /**
     * Reads {@code tokenizer_config.json} and either {@code vocab.json} with {@code merges.txt} or {@code tokenizer.json}.
     *
     * @param positions how many tokens the encoder can take; the window is {@code model_max_length} or this, whichever is less
     * @throws dev.darkroom.inference.ModelDirectoryException if a file is missing or does not fit
     */
    public static ClipTokenizer load(Path folder, int positions) {
        ClipVocabulary vocabulary = ClipVocabulary.read(folder);
        return new ClipTokenizer(vocabulary, (int) Math.min(positions, vocabulary.modelMaxLength()));
    }

    /** Returns the number of ids that {@link #encode} gives, start and end included. */
    public int window() {
        return window;
    }

    /** Returns one more than the greatest id. */
    public int size() {
        return vocabulary.size();
    }

    /** Encodes any text, lone surrogates and control characters included, which CLIP ignores. */
    public Encoding encode(String text) {
        float[] ids = new float[window];
        Arrays.fill(ids, vocabulary.padding());
        int end = 0;
        ids[end++] = vocabulary.start();
        List<String> unseen = new ArrayList<>();
        for (String word : words(text)) {
            if (end == window - 1 && !clean(word).isBlank()) {
                unseen.add(word);
                continue;
            }
            List<Integer> tokens = tokens(word);
            int room = Math.min(tokens.size(), window - 1 - end);
            for (int id : tokens.subList(0, room)) {
                ids[end++] = id;
            }
            if (room < tokens.size()) {
                unseen.add(word);
            }
        }
        ids[end] = vocabulary.end();
        return new Encoding(Tensor.of(ids, 1, window), end + 1, unseen);
    }

    /** Splits where the reference tokenizer splits whatever follows, so that words can be encoded one by one. */
    private static List<String> words(String text) {
        List<String> words = new ArrayList<>();
        int start = 0;
        for (int i = 0; i <= text.length(); i++) {
            if (i == text.length() || isSpace(text.charAt(i))) {
                if (i > start) {
                    words.add(text.substring(start, i));
                }
                start = i + 1;
            }
        }
        return words;
    }

    private static boolean isSpace(int c) {
        return c == '\t' || c == '\n' || c == '\r' || Character.isSpaceChar(c);
    }

    private List<Integer> tokens(String word) {
        List<Integer> ids = new ArrayList<>();
        Matcher special = vocabulary.specials().matcher(word);
        int start = 0;
        while (special.find()) {
            encodePieces(word.substring(start, special.start()), ids);
            ids.add(vocabulary.id(special.group()));
            start = special.end();
        }
        encodePieces(word.substring(start), ids);
        return ids;
    }

    private void encodePieces(String text, List<Integer> ids) {
        for (String part : clean(text).split(" ", -1)) {
            Matcher piece = PIECE.matcher(LowerCase.of(part));
            while (piece.find()) {
                encodePiece(piece.group(), ids);
            }
        }
    }

    private void encodePiece(String piece, List<Integer> ids) {
        if (piece.equals("<|startoftext|>") || piece.equals("<|endoftext|>")) {
            ids.add(vocabulary.id(piece));
        } else {
            for (int id : encoding.encode(piece)) {
                ids.add(id);
            }
        }
    }

    /** {@code BasicTokenizer}: no control characters, each Chinese character a word of its own, composed form (NFC). */
    private static String clean(String text) {
        StringBuilder cleaned = new StringBuilder(text.length());
        text.codePoints().filter(c -> !isIgnored(c)).forEach(c -> {
            if (isChinese(c)) {
                cleaned.append(' ').appendCodePoint(c).append(' ');
            } else {
                cleaned.appendCodePoint(c);
            }
        });
        return Normalizer.normalize(cleaned, Normalizer.Form.NFC);
    }

    /** Tells the general categories C*, and the replacement character. */
    private static boolean isIgnored(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED -> true;
            default -> c == 0xfffd;
        };
    }

    /** The blocks of CJK unified and compatibility ideographs that the reference lists. */
    private static boolean isChinese(int c) {
        return within(c, 0x4e00, 0x9fff)
                || within(c, 0x3400, 0x4dbf)
                || within(c, 0x20000, 0x2a6df)
                || within(c, 0x2a700, 0x2ceaf)
                || within(c, 0xf900, 0xfaff)
                || within(c, 0x2f800, 0x2fa1f);
    }

    private static boolean within(int c, int first, int last) {
        return c >= first && c <= last;
    }
}
