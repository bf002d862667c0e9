// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety.text;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * The words of a text, disguises recognised.
 *
 * <p>A word is a run of letters and digits. Three things make one word of several runs, each only when a word of the vocabulary comes out: single letters in
 * a row ({@code k n i f e}, {@code k.n.i.f.e}), a chunk without blanks that is cut up by punctuation ({@code kn-ife}), and symbols for letters
 * ({@code kn!fe}). An invisible character inside a run is either a disguise (the whole is a word) or a separator (it is not).
 *
 * <p>Immutable; takes time in proportion to the length of the text.
 */
public final class Words {

    /** Chunks without blanks that are longer are no disguised word. */
    private static final int LONGEST_CHUNK = 40;

    private static final int SHORTEST_SPELLED_OUT = 3;
    private static final int WIDEST_SEPARATOR = 3;
    private static final int SHORTEST_KEY = 3;
    private static final String PHRASE_ENDS = ".,;:!?\u2014\u2026\u3002\u3001\u060C";
    private static final String QUOTES = "()[]\"";

    /** A run of letters and digits and the chunk without blanks it stands in, all in characters of the folded text. */
    private record Run(int start, int end, int chunkStart, int chunkEnd) {
        int length() {
            return end - start;
        }
    }

    private final FoldedText text;
    private final Vocabulary vocabulary;
    private final List<Word> words = new ArrayList<>();

    private Words(FoldedText text, Vocabulary vocabulary) {
        this.text = text;
        this.vocabulary = vocabulary;
    }

    /** Cuts {@code text} into words. */
    public static Words of(FoldedText text, Vocabulary vocabulary) {
        Words words = new Words(text, vocabulary);
        words.cut(words.runs());
        return words;
    }

    List<Word> list() {
        return words;
    }

    private List<Run> runs() {
        List<Run> runs = new ArrayList<>();
        for (int chunkStart = 0; chunkStart < text.length(); chunkStart++) {
            int chunkEnd = chunkStart;
            while (chunkEnd < text.length() && text.at(chunkEnd) != ' ') {
                chunkEnd++;
            }
            addRuns(runs, chunkStart, chunkEnd);
            chunkStart = chunkEnd;
        }
        return runs;
    }

    private void addRuns(List<Run> runs, int chunkStart, int chunkEnd) {
        for (int start = chunkStart; start < chunkEnd; start++) {
            int end = start;
            while (end < chunkEnd && Character.isLetterOrDigit(text.at(end))) {
                end++;
            }
            if (end > start && !isPossessive(start, end)) {
                runs.add(new Run(start, end, chunkStart, chunkEnd));
            }
            start = Math.max(start, end);
        }
    }

    /** The s of "knife's". */
    private boolean isPossessive(int start, int end) {
        int before = text.at(start - 1);
        return end - start == 1
                && text.at(start) == 's'
                && (before == '\'' || before == '\u2019')
                && Character.isLetterOrDigit(text.at(start - 2))
                && Character.isLetterOrDigit(text.at(start - 3));
    }

    private void cut(List<Run> runs) {
        for (int i = 0; i < runs.size(); ) {
            int letters = singleLetters(runs, i);
            if (letters >= SHORTEST_SPELLED_OUT) {
                addSpelledOut(runs.subList(i, i + letters));
                i += letters;
            } else {
                i += addChunkOrRun(runs, i);
            }
        }
    }

    /** How many single characters stand in a row from run {@code first} on. */
    private static int singleLetters(List<Run> runs, int first) {
        int i = first;
        while (i < runs.size()
                && runs.get(i).length() == 1
                && (i == first || runs.get(i).start() - runs.get(i - 1).end() <= WIDEST_SEPARATOR)) {
            i++;
        }
        return i - first;
    }

    /**
     * Letters that stand alone: where some gaps are wider than the others ({@code k i l l   t h e}) those part the words, else words of the vocabulary
     * are looked for at each letter ({@code a k n i f e}).
     */
    private void addSpelledOut(List<Run> letters) {
        List<List<Run>> groups = groups(letters);
        if (groups.stream()
                .anyMatch(group -> !vocabulary.recognise(joined(group)).isEmpty())) {
            groups.forEach(group -> add(
                    forms(joined(group)),
                    group.getFirst().start(),
                    group.getLast().end(),
                    false));
        } else {
            addSegmented(letters);
        }
    }

    private static List<List<Run>> groups(List<Run> letters) {
        int narrowest = WIDEST_SEPARATOR;
        for (int i = 1; i < letters.size(); i++) {
            narrowest = Math.min(
                    narrowest, letters.get(i).start() - letters.get(i - 1).end());
        }
        List<List<Run>> groups = new ArrayList<>();
        int first = 0;
        for (int i = 1; i <= letters.size(); i++) {
            if (i == letters.size()
                    || letters.get(i).start() - letters.get(i - 1).end() > narrowest) {
                groups.add(letters.subList(first, i));
                first = i;
            }
        }
        return groups;
    }

    /** The letters as one string, cut off behind the longest that could be a word. */
    private String joined(List<Run> letters) {
        StringBuilder joined = new StringBuilder();
        letters.stream().limit(LONGEST_CHUNK).forEach(letter -> joined.appendCodePoint(text.at(letter.start())));
        return joined.toString();
    }

    private List<String> forms(String folded) {
        List<String> forms = new ArrayList<>(vocabulary.recognise(folded));
        forms.add(folded);
        return forms;
    }

    private void addSegmented(List<Run> letters) {
        for (int i = 0; i < letters.size(); ) {
            int taken = addLongestSpelledOut(letters, i);
            if (taken == 0) {
                add(letters.get(i));
                taken = 1;
            }
            i += taken;
        }
    }

    private int addLongestSpelledOut(List<Run> letters, int first) {
        Vocabulary.Key key = new Vocabulary.Key();
        List<String> found = List.of();
        int taken = 0;
        for (int i = first; i < letters.size() && key.length() <= vocabulary.longestKey(); i++) {
            key.append(text.at(letters.get(i).start()));
            List<String> words = key.length() < SHORTEST_KEY ? List.of() : vocabulary.byKey(key.toString());
            if (!words.isEmpty()) {
                found = words;
                taken = i - first + 1;
            }
        }
        if (taken > 0) {
            add(
                    found,
                    letters.get(first).start(),
                    letters.get(first + taken - 1).end(),
                    false);
        }
        return taken;
    }

    /** Adds the whole chunk as one word where it is a disguised one, else the run; answers how many runs that took. */
    private int addChunkOrRun(List<Run> runs, int index) {
        Run run = runs.get(index);
        boolean opensChunk = index == 0 || runs.get(index - 1).chunkStart() != run.chunkStart();
        if (opensChunk
                && run.chunkEnd() - run.chunkStart() <= LONGEST_CHUNK
                && run.length() < run.chunkEnd() - run.chunkStart()) {
            int taken = runsInChunk(runs, index);
            List<String> words = disguisedAsChunk(run.chunkStart(), run.chunkEnd(), taken);
            if (!words.isEmpty()) {
                add(words, run.start(), runs.get(index + taken - 1).end(), isBreakBefore(run.start()));
                return taken;
            }
        }
        add(run);
        return 1;
    }

    private static int runsInChunk(List<Run> runs, int first) {
        int i = first;
        while (i < runs.size() && runs.get(i).chunkStart() == runs.get(first).chunkStart()) {
            i++;
        }
        return i - first;
    }

    private List<String> disguisedAsChunk(int start, int end, int runs) {
        String withSymbols = filter(start, end, codePoint -> Vocabulary.LEET_SYMBOLS.indexOf(codePoint) >= 0);
        String masked = filter(start, end, Vocabulary::isMask);
        String bare = filter(start, end, _ -> false);
        List<String> words = withSymbols.length() > bare.length() ? vocabulary.recognise(withSymbols) : List.of();
        if (words.isEmpty() && withSymbols.endsWith("!")) {
            words = vocabulary.recognise(withSymbols.replaceAll("!+$", ""));
        }
        if (words.isEmpty() && runs > 1) {
            words = masked.length() > bare.length() ? vocabulary.unmask(masked) : List.of();
            words = words.isEmpty() ? vocabulary.recognise(bare) : words;
        }
        return words;
    }

    /** The letters and digits of a chunk, and the other characters that {@code alsoKept} names. */
    private String filter(int start, int end, IntPredicate alsoKept) {
        return text.substring(start, end)
                .codePoints()
                .filter(codePoint -> Character.isLetterOrDigit(codePoint) || alsoKept.test(codePoint))
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    private void add(Run run) {
        int start = run.start();
        if (isCutByInvisible(run)) {
            for (int i = start + 1; i < run.end(); i++) {
                if (text.isAfterInvisible(i)) {
                    addPlain(start, i);
                    start = i;
                }
            }
        }
        addPlain(start, run.end());
    }

    /** Whether what is invisible in the run separates words: not inside a word of the vocabulary, and not between all the letters. */
    private boolean isCutByInvisible(Run run) {
        int cuts = 0;
        for (int i = run.start() + 1; i < run.end(); i++) {
            cuts += text.isAfterInvisible(i) ? 1 : 0;
        }
        return cuts > 0 && 2 * cuts < run.length() && !vocabulary.contains(text.substring(run.start(), run.end()));
    }

    private void addPlain(int start, int end) {
        String folded = text.substring(start, end);
        List<String> forms = new ArrayList<>();
        forms.add(folded);
        String written = text.written(start, end);
        if (!written.equals(folded)) {
            forms.add(written);
        }
        if (end - start <= LONGEST_CHUNK && looksDisguised(start, end)) {
            forms.addAll(vocabulary.recognise(folded));
        }
        add(forms, start, end, isBreakBefore(start));
    }

    private boolean looksDisguised(int start, int end) {
        int doubles = 0;
        int digits = 0;
        boolean sign = false;
        for (int i = start; i < end; i++) {
            boolean repeats = i > start && text.at(i) == text.at(i - 1);
            doubles += repeats ? 1 : 0;
            digits += Character.isDigit(text.at(i)) ? 1 : 0;
            sign |= text.isDisguised(i) || isThird(i, start) || isDrawnAsOne(i, start);
        }
        return sign || digits > 0 || doubles > 2;
    }

    private boolean isThird(int i, int start) {
        return i > start + 1 && text.at(i) == text.at(i - 1) && text.at(i) == text.at(i - 2);
    }

    /** Two letters that look like one: rn like m, vv like w. */
    private boolean isDrawnAsOne(int i, int start) {
        String pair = i > start ? text.substring(i - 1, i + 1) : "";
        return pair.equals("rn") || pair.equals("vv");
    }

    private void add(List<String> forms, int start, int end, boolean afterBreak) {
        words.add(new Word(forms, start, end, afterBreak));
    }

    /** Whether a mark of punctuation and a blank stand before {@code start}, or a bracket or a quotation mark. */
    private boolean isBreakBefore(int start) {
        boolean blank = false;
        for (int i = start - 1; i >= 0 && !Character.isLetterOrDigit(text.at(i)) && start - i <= LONGEST_CHUNK; i--) {
            blank |= text.at(i) == ' ';
            if (QUOTES.indexOf(text.at(i)) >= 0 || (blank && PHRASE_ENDS.indexOf(text.at(i)) >= 0)) {
                return true;
            }
        }
        return false;
    }

    /** Says how many words there are, never which. */
    @Override
    public String toString() {
        return "Words[" + words.size() + "]";
    }
}
