// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

import java.util.List;

/** SentencePiece's {@code Normalizer::Normalize}: rules for characters, one space for many, {@code U+2581} for each space. */
final class SentencePieceNormalizer {
    private static final String SPACE = "\u2581";

    private final SentencePieceModel.Normalization rules;
    private final CharacterMap characters;
    /** What is left as it is. */
    private final PrefixTable symbols;

    private final String space;

    SentencePieceNormalizer(SentencePieceModel.Normalization rules, List<String> userDefined) {
        this.rules = rules;
        this.characters = rules.characters();
        this.symbols = new PrefixTable(userDefined);
        this.space = rules.escapeSpaces() ? SPACE : " ";
    }

    String normalize(String text) {
        int start = rules.removeExtraSpaces() ? skipSpaces(text) : 0;
        if (start == text.length()) {
            return "";
        }
        StringBuilder out = new StringBuilder(text.length() + 1);
        if (rules.dummyPrefix() && !rules.spaceAsSuffix()) {
            out.append(space);
        }
        append(text, start, out);
        if (rules.removeExtraSpaces()) {
            while (!out.isEmpty() && out.charAt(out.length() - 1) == space.charAt(0)) {
                out.setLength(out.length() - 1);
            }
        }
        if (rules.dummyPrefix() && rules.spaceAsSuffix()) {
            out.append(space);
        }
        return out.toString();
    }

    private int skipSpaces(String text) {
        int i = 0;
        while (i < text.length()) {
            CharacterMap.Match match = match(text, i);
            if (!match.replacement().equals(" ")) {
                break;
            }
            i = match.end();
        }
        return i;
    }

    private void append(String text, int start, StringBuilder out) {
        boolean afterSpace = rules.removeExtraSpaces();
        for (int i = start; i < text.length(); ) {
            CharacterMap.Match match = match(text, i);
            String part = match.replacement();
            int from = afterSpace ? AddedTokens.spacesAtStart(part, 0, c -> c == ' ') : 0;
            if (from < part.length()) {
                out.append(part.substring(from).replace(" ", space));
                afterSpace = rules.removeExtraSpaces() && part.endsWith(" ");
            }
            i = match.end();
        }
    }

    private CharacterMap.Match match(String text, int from) {
        int[] end = {from};
        symbols.find(text, from, (to, index) -> end[0] = to);
        if (end[0] > from) {
            return new CharacterMap.Match(end[0], text.substring(from, end[0]));
        }
        CharacterMap.Match match = characters.longest(text, from);
        int next = text.offsetByCodePoints(from, 1);
        return match == null ? new CharacterMap.Match(next, text.substring(from, next)) : match;
    }
}
