// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * The ids that transformers' {@code CLIPTokenizer} (4.57, without ftfy) gives. Characters that Unicode assigned after version 14 may
 * differ, as they do between Python versions.
 */
final class ClipText implements TokenIds {
    static final Map<String, String> USUAL = Map.of(
            "bos_token", "<|startoftext|>",
            "eos_token", "<|endoftext|>",
            "unk_token", "<|endoftext|>",
            "pad_token", "<|endoftext|>");

    /** How many merges {@code CLIPTokenizer} reads at most, whatever the file holds. */
    private static final int MAX_MERGES = 49152 - 256 - 2;

    /**
     * {@code CLIPTokenizer.pat}; the two special tokens reach it only in another case, lowered since.
     * U+0345 is matched by nothing there, because without regard to case it is a letter (iota).
     */
    private static final Pattern PIECE = Pattern.compile(
            "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|\\p{L}+|\\p{N}|[^\\u0345\\s\\u0085\\u2028\\u2029\\p{Zs}\\p{L}\\p{N}]+",
            Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE);

    private final BytePairEncoding encoding;
    private final AddedTokens added;
    private final int start;
    private final int end;

    private ClipText(BytePairEncoding encoding, Map<String, AddedToken> added, int unknown) {
        this.encoding = encoding;
        this.added = new AddedTokens(added);
        this.start = id("<|startoftext|>", added, unknown);
        this.end = id("<|endoftext|>", added, unknown);
    }

    private static int id(String token, Map<String, AddedToken> added, int unknown) {
        AddedToken known = added.get(token);
        return known == null ? unknown : known.id();
    }

    static PaddedTokenizer load(TokenizerFolder folder, int limit) {
        Map<String, Integer> ids = new HashMap<>();
        folder.json("vocab.json")
                .properties()
                .forEach(entry -> ids.put(entry.getKey(), entry.getValue().asInt()));
        Map<String, AddedToken> added = folder.added(List.of(), USUAL, ids::get);
        int unknown = folder.id("unk_token", USUAL, added);
        int size = 1
                + IntStream.concat(
                                ids.values().stream().mapToInt(Integer::intValue),
                                added.values().stream().mapToInt(AddedToken::id))
                        .max()
                        .orElse(-1);
        return new PaddedTokenizer(
                new ClipText(new BytePairEncoding(ids, merges(folder), "</w>", unknown), added, unknown),
                new PaddedTokenizer.Frame(
                        folder.id("bos_token", USUAL, added),
                        folder.id("eos_token", USUAL, added),
                        folder.id("pad_token", USUAL, added)),
                size,
                folder.window(limit));
    }

    /** One pair a line after a version line. */
    private static List<String[]> merges(TokenizerFolder folder) {
        return new String(folder.bytes("merges.txt", "one pair of symbols a line"), StandardCharsets.UTF_8)
                .strip()
                .lines()
                .skip(1)
                .limit(MAX_MERGES)
                .map(line -> line.strip().split("\\s+"))
                .filter(pair -> pair.length == 2)
                .toList();
    }

    @Override
    public int[] of(String text) {
        Ids ids = new Ids();
        for (AddedTokens.Section section : added.slow(text)) {
            if (section.token() == null) {
                words(section.text()).forEach(word -> encodeWord(word, ids));
            } else {
                ids.add(section.token().id());
            }
        }
        return ids.toArray();
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

    private void encodeWord(String word, Ids ids) {
        for (String part : clean(word).split(" ", -1)) {
            Matcher piece = PIECE.matcher(LowerCase.of(part));
            while (piece.find()) {
                encodePiece(piece.group(), ids);
            }
        }
    }

    private void encodePiece(String piece, Ids ids) {
        switch (piece) {
            case "<|startoftext|>" -> ids.add(start);
            case "<|endoftext|>" -> ids.add(end);
            default -> ids.addAll(encoding.encode(piece));
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
