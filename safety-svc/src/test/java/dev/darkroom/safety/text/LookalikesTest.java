// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.safety.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.ibm.icu.text.SpoofChecker;
import java.text.Normalizer;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class LookalikesTest {

    private static final Set<Byte> LEFT_OUT = Set.of(
            Character.UNASSIGNED,
            Character.SURROGATE,
            Character.PRIVATE_USE,
            Character.DECIMAL_DIGIT_NUMBER,
            Character.NON_SPACING_MARK,
            Character.FORMAT);

    @Test
    void table_recomputedFromUnicodesConfusables_isTheSame() {
        SpoofChecker checker = new SpoofChecker.Builder().build();
        Map<Integer, Character> expected = new HashMap<>();
        for (int codePoint = 0x80; codePoint < 0x20000; codePoint++) {
            String character = Character.toString(codePoint);
            if (!LEFT_OUT.contains((byte) Character.getType(codePoint))
                    && withoutMarks(character).equals(character)) {
                String skeleton = withoutMarks(checker.getSkeleton(character)).toLowerCase(Locale.ROOT);
                if (skeleton.length() == 1
                        && skeleton.charAt(0) < 0x80
                        && Character.isLetterOrDigit(skeleton.charAt(0))) {
                    expected.put(codePoint, skeleton.charAt(0));
                }
            }
        }

        assertThat(Lookalikes.read(Lookalikes.UNICODE)).isEqualTo(expected);
    }

    @Test
    void ours_besideUnicodes_nameNoAscii() {
        assertThat(Lookalikes.read(Lookalikes.OURS).keySet()).allMatch(codePoint -> codePoint > 0x7F);
    }

    @Test
    void of_emblem_isItsLetter() {
        assertThat("\uD83C\uDDF0\uD83C\uDD5D\uD83C\uDD78"
                        .codePoints()
                        .mapToObj(Lookalikes::of)
                        .toList())
                .containsExactly('k', 'n', 'i');
    }

    private static String withoutMarks(String text) {
        return Normalizer.normalize(text, Normalizer.Form.NFKD)
                .codePoints()
                .filter(c -> Character.getType(c) != Character.NON_SPACING_MARK
                        && Character.getType(c) != Character.ENCLOSING_MARK)
                .mapToObj(Character::toString)
                .collect(Collectors.joining());
    }
}
