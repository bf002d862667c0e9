// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.caption;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Makes Penn Treebank tokens, as caption metrics count them: "isn't" is "is n't", "(" is "-lrb-", quotes are `` and ''. Follows the
 * Treebank's conventions (Marcus et al. 1993) as CoreNLP 3.4.1 with {@code -preserveLines -lowerCase} shows them; the recorded cases of
 * PtbTokenizerTest agree in every token that counts. What has no token, an emoji for instance, is dropped.
 */
public final class PtbTokenizer {
    /** Tokens that the metrics leave out. Lower-cased brackets, -lrb-, are not among them, so they count: as in pycocoevalcap. */
    private static final Set<String> PUNCTUATION = Set.of(
            "''", "'", "``", "`", "-LRB-", "-RRB-", "-LCB-", "-RCB-", ".", "?", "!", ",", ":", "-", "--", "...", ";");

    private static final Map<String, String> BRACKETS =
            Map.of("(", "-lrb-", ")", "-rrb-", "[", "-lsb-", "]", "-rsb-", "{", "-lcb-", "}", "-rcb-");

    /** The Treebank's spelling is ASCII. */
    private static final Map<String, String> SIGNS =
            Map.of("\u00a3", "#", "\u20ac", "$", "\u00a5", "$", "\u00bd", "1/2", "\u00bc", "1/4", "\u00be", "3/4");

    private static final String APOSTROPHE = "['\u2019]";
    private static final String WORD_CHARACTER = "[\\p{L}\\p{M}\\p{Nd}]";

    /** What is longer is a line that is drawn. */
    private static final int LONGEST_DASH = 4;

    /** Words joined by hyphens; bounded, because the JDK's matcher recurses. */
    private static final String WORDS = WORD_CHARACTER + "++(?:(?:-|_+)" + WORD_CHARACTER + "++){0,200}";

    /** In the order in which they are tried; the first that fits is taken. */
    private enum Rule {
        SPACE("[\\s\\p{Z}]+"),
        URL("(?i)(?:https?://|ftp://|www\\.)[^\\s\"<>|()\\[\\]{}]*[^\\s\"<>|()\\[\\]{}.,;:!?'`]"),
        EMAIL("[\\p{L}\\p{Nd}._%+-]{1,64}@[\\p{L}\\p{Nd}-]{1,63}(?:\\.[\\p{L}\\p{Nd}-]{1,63}){0,9}\\.\\p{L}{2,63}"),
        MARKUP(
                "</?\\p{L}[\\w:.-]{0,60}(?:\\s+\\p{L}[\\w:.-]{0,60}(?:\\s*=\\s*(?:\"[^\"<>]*\"|'[^'<>]*'))?){0,20}\\s*/?>"),
        HASHTAG("[#@]\\p{L}[\\p{L}\\p{Nd}_]*"),
        SMILEY("[<>]?[:;=][-o*']?[()DPdpO\\\\{@|\\[\\]](?!" + WORD_CHARACTER + ")"),
        /** Two words in one: can|not. */
        JOINED("(?i)(can(?=not\\b)|(?:gon|wan)(?=na\\b)|got(?=ta\\b)|(?:lem|gim)(?=me\\b)|" + APOSTROPHE
                + "t(?=(?:is|was)\\b))"),
        ACRONYM("\\p{L}(?:\\.\\p{L}){1,50}\\.(?!" + WORD_CHARACTER + ")"),
        ABBREVIATION(
                "(?i:mr|mrs|ms|dr|st|prof|rev|gen|sen|rep|gov|capt|lt|col|sgt|maj|adm|hon|jr|sr|esq|vs|etc|est|al|inc|co|corp|ltd|bros|dept"
                        + "|univ|ave|blvd|rd|mt|ft|jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec|mon|tue|tues|wed|thu|thurs|fri"
                        + "|(?:no|fig|pp|op)(?=\\.\\s*\\d))\\.(?!" + WORD_CHARACTER + ")"),
        INITIAL("\\p{L}\\.(?!" + WORD_CHARACTER + ")"),
        /** The part of a word before n't. */
        NEGATED("(?i)\\p{L}+?(?=n" + APOSTROPHE + "t\\b)"),
        NOT("(?i)n" + APOSTROPHE + "t\\b"),
        CLITIC("(?i)(?<=[\\p{L}\\p{M}\\p{Nd}.])" + APOSTROPHE + "(?:s|m|d|ll|re|ve)\\b"),
        /** A word with its own apostrophe: o'clock, d'ici. */
        ELIDED("(?i)(?:[dlo]" + APOSTROPHE + "|ma" + APOSTROPHE + "(?=am\\b)|c" + APOSTROPHE
                + "(?=mon\\b))\\p{L}[\\p{L}\\p{M}-]*"),
        /** What stands for letters that are left out: 'em, '80s, rock 'n' roll. */
        ELISION("(?i)" + APOSTROPHE + "n" + APOSTROPHE + "(?!\\p{Nd})|(?<!" + WORD_CHARACTER + ")" + APOSTROPHE
                + "(?:em|til|cause|n|\\d\\ds?)\\b"),
        TIME("\\d{1,2}:\\d\\d(?=[ap]m\\b)"),
        FRACTION("\\d+(?:/\\d+){1,2}(?![\\p{L}\\p{Nd}.])"),
        NUMBER("[-+]?(?:\\d+(?:[.,:]\\d+)++|(?:\\d+|\\.\\d+)(?!" + WORD_CHARACTER + "|[-/]" + WORD_CHARACTER + "))"),
        LETTERS_AND_CO("\\p{Lu}+(?:&\\p{Lu}+)+"),
        SLASHED(WORDS + "(?:/" + WORDS + "){1,2}"),
        DOTTED(WORD_CHARACTER + "++(?:[.!?]\\p{L}" + WORD_CHARACTER + "*+){1,200}"),
        WORD(WORDS),
        ELLIPSIS("\\.{2,}|\u2026"),
        DASH("-{2,}|[\u2013\u2014]"),
        DOUBLE_QUOTE("\"|[\u201c\u201d]|``|''"),
        SINGLE_QUOTE("['`\u2018\u2019]"),
        BRACKET("[()\\[\\]{}]"),
        EXCLAMATION("[?!]+"),
        REPEATED("#+|<<|>>"),
        SIGN("[\\p{Sc}\\p{Sm}\\p{Po}\\p{Pd}&&[\\u0000-\\u2fff]]|[\\u00a1-\\u00bf\\u2122^_]");

        private final Pattern pattern;

        Rule(String pattern) {
            this.pattern = Pattern.compile(pattern);
        }
    }

    private PtbTokenizer() {}

    /** Returns the tokens that metrics count: without punctuation. */
    public static List<String> words(String text) {
        return counted(tokens(text));
    }

    /** Leaves out what the metrics leave out. */
    static List<String> counted(List<String> tokens) {
        return tokens.stream().filter(token -> !PUNCTUATION.contains(token)).toList();
    }

    /** Returns all tokens, in lower case. */
    public static List<String> tokens(String text) {
        List<String> tokens = new ArrayList<>();
        Matcher matcher = Rule.SPACE.pattern.matcher(text).useTransparentBounds(true);
        int at = 0;
        while (at < text.length()) {
            Rule rule = rule(matcher, at, text.length());
            if (rule == null) {
                at += Character.charCount(text.codePointAt(at));
                continue;
            }
            if (rule != Rule.SPACE) {
                tokens.add(token(rule, matcher.group(), text, at).toLowerCase(Locale.ROOT));
            }
            at = matcher.end();
        }
        return tokens;
    }

    private static @Nullable Rule rule(Matcher matcher, int from, int to) {
        for (Rule rule : Rule.values()) {
            if (matcher.usePattern(rule.pattern).region(from, to).lookingAt()) {
                return rule;
            }
        }
        return null;
    }

    private static String token(Rule rule, String found, String text, int at) {
        return switch (rule) {
            case MARKUP -> found.replaceAll("\\s", "\u00a0"); // one token, which spaces would split
            case SMILEY, BRACKET -> bracketed(found);
            case ELLIPSIS -> "...";
            case DASH -> found.length() > LONGEST_DASH ? found : "--";
            case DOUBLE_QUOTE -> doubleQuote(found, text, at);
            case SINGLE_QUOTE -> singleQuote(found, text, at);
            case NOT, CLITIC, JOINED, ELIDED, ELISION -> found.replace('\u2019', '\'');
            case SIGN -> SIGNS.getOrDefault(found, found);
            default -> found;
        };
    }

    private static String bracketed(String found) {
        String named = found;
        for (var bracket : BRACKETS.entrySet()) {
            named = named.replace(bracket.getKey(), bracket.getValue());
        }
        return named;
    }

    private static String doubleQuote(String found, String text, int at) {
        return switch (found) {
            case "\u201c", "``" -> "``";
            case "\u201d", "''" -> "''";
            default -> opens(text, at) ? "``" : "''";
        };
    }

    private static String singleQuote(String found, String text, int at) {
        return switch (found) {
            case "`", "\u2018" -> "`";
            default ->
                opens(text, at) && at + 1 < text.length() && Character.isLetterOrDigit(text.codePointAt(at + 1))
                        ? "`"
                        : "'";
        };
    }

    /** Whether a quote at this place begins something. */
    private static boolean opens(String text, int at) {
        return at == 0
                || Character.isWhitespace(text.charAt(at - 1))
                || "([{-\u2014/\"`".indexOf(text.charAt(at - 1)) >= 0;
    }
}
