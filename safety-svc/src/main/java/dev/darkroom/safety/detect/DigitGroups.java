// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety.detect;

import dev.darkroom.safety.text.FoldedText;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** The groups of digits of a text: where they are and what stands between them. */
final class DigitGroups {

    /** Numbers are written in at most this many groups. */
    static final int MOST_GROUPS = 10;

    /** A group, in characters of the folded text. */
    record Group(int start, int end) {
        int length() {
            return end - start;
        }
    }

    private final FoldedText text;
    private final List<Group> groups = new ArrayList<>();

    DigitGroups(FoldedText text) {
        this.text = text;
        for (int start = 0; start < text.length(); start++) {
            int end = start;
            while (isDigit(end)) {
                end++;
            }
            if (end > start) {
                groups.add(new Group(start, end));
                start = end;
            }
        }
    }

    private boolean isDigit(int index) {
        return text.at(index) >= '0' && text.at(index) <= '9';
    }

    List<Group> all() {
        return groups;
    }

    Group get(int index) {
        return groups.get(index);
    }

    String digits(int group) {
        return text.substring(get(group).start(), get(group).end());
    }

    /** The digits of the groups {@code first} to {@code last}, without what separates them. */
    String digits(int first, int last) {
        StringBuilder digits = new StringBuilder();
        for (int i = first; i <= last; i++) {
            digits.append(digits(i));
        }
        return digits.toString();
    }

    /** What stands between the group and the one before it; a letter that separates nothing where it is the first or stands far off. */
    String separatorBefore(int group) {
        if (group == 0
                || group >= groups.size()
                || get(group).start() - get(group - 1).end() > 3) {
            return "x";
        }
        return text.substring(get(group - 1).end(), get(group).start());
    }

    /** The last group that can be reached from {@code first} over separators out of {@code allowed}. */
    int lastOver(int first, Set<String> allowed) {
        int last = first;
        while (last - first < MOST_GROUPS - 1
                && last + 1 < groups.size()
                && allowed.contains(separatorBefore(last + 1))) {
            last++;
        }
        return last;
    }

    /** Whether no letter touches the groups {@code first} to {@code last} and no digit is tied to them by a point, a hyphen or a slash. */
    boolean standAlone(int first, int last) {
        return !Character.isLetterOrDigit(text.at(get(first).start() - 1))
                && !Character.isLetterOrDigit(text.at(get(last).end()))
                && !isTied(first)
                && !isTied(last + 1);
    }

    private boolean isTied(int group) {
        String separator = group < groups.size() ? separatorBefore(group) : "x";
        return separator.length() == 1 && "-./_:,".contains(separator);
    }

    /** The words before the group, nearest first, at most four; a colon or an equals sign counts as a word. */
    List<String> wordsBefore(int group) {
        List<String> words = new ArrayList<>();
        int end = get(group).start();
        for (int budget = 40; budget > 0 && end > 0 && words.size() < 4; budget--) {
            int start = end;
            while (start > 0 && end - start < 12 && Character.isLetter(text.at(start - 1))) {
                start--;
            }
            if (start < end) {
                words.add(text.substring(start, end));
            } else {
                start--;
                if (text.at(start) == ':' || text.at(start) == '=') {
                    words.add(Character.toString(text.at(start)));
                } else if (isDigit(start)) {
                    return words;
                }
            }
            end = start;
        }
        return words;
    }

    /** Whether the text says that the number is the seed of a picture. */
    boolean isSeed(int group) {
        List<String> before = wordsBefore(group);
        if (!before.isEmpty() && isSign(before.getFirst())) {
            before.removeFirst();
        }
        return !before.isEmpty() && before.getFirst().equals("seed");
    }

    private static boolean isSign(String word) {
        return word.equals(":") || word.equals("=");
    }
}
