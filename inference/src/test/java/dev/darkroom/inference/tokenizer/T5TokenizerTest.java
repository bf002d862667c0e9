// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.darkroom.inference.ModelDirectoryException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What TokenizerParityTest does not show of T5: windows, words beyond them, and folders. */
final class T5TokenizerTest {
    private static final Path FOLDER = Path.of("src/test/resources/t5-tokenizer");
    private static final JsonMapper JSON = new JsonMapper();

    private final Tokenizer tokenizer = Tokenizer.load(FOLDER, "T5Tokenizer", 512);

    @TempDir
    private Path folder;

    @Test
    void encode_shortPrompt_isEndedAndPadded() {
        Encoding encoding = tokenizer.encode("a fox");
        assertThat(encoding.ids().shape()).containsExactly(1, 120);
        assertThat(encoding.length()).isEqualTo(3);
        assertThat(encoding.ids().data()[2]).isEqualTo(1);
        assertThat(Arrays.copyOfRange(encoding.ids().data(), 3, 120)).containsOnly(0);
        assertThat(Arrays.copyOf(encoding.attentionMask().data(), 5)).containsExactly(1, 1, 1, 0, 0);
        assertThat(encoding.unseen()).isEmpty();
    }

    @Test
    void encode_longPrompt_namesWordsBeyondTheWindow() {
        Encoding encoding = tokenizer.withWindow(6).encode("a fox in the\u3000snow, \u200b  at night");
        assertThat(encoding.length()).isEqualTo(6);
        assertThat(encoding.ids().data()[5]).isEqualTo(1);
        assertThat(encoding.unseen()).containsExactly("snow,", "at", "night");
        assertThat(encoding.dropped()).isEqualTo(3);
    }

    @Test
    void encode_loneSurrogate_countsAsReplacementCharacter() {
        assertThat(tokenizer.encode("fo\ud83dx").ids())
                .isEqualTo(tokenizer.encode("fo\ufffdx").ids());
    }

    @ParameterizedTest
    @ValueSource(strings = {"T5Tokenizer", "T5TokenizerFast"})
    void encode_hundredThousandCharacters_doesNotStall(String tokenizerClass) {
        Tokenizer long120 = Tokenizer.load(FOLDER, tokenizerClass, 120);
        for (String text : new String[] {"fox ", "qzjx", "\u72d0\u0301\ufb03\uff01", "<extra_id_7>  "}) {
            assertThat(long120.encode(text.repeat(100_000 / text.length())).dropped())
                    .isGreaterThanOrEqualTo(text.startsWith("\u72d0") ? 0 : 5000);
        }
    }

    @Test
    void withWindow_beyondModelMaxLength_countsInItsPlace() {
        assertThat(tokenizer.window()).isEqualTo(120);
        assertThat(tokenizer.withWindow(300).encode("").ids().shape()).containsExactly(1, 300);
        assertThat(tokenizer.size()).isEqualTo(1700);
        assertThatExceptionOfType(IllegalArgumentException.class).isThrownBy(() -> tokenizer.withWindow(0));
    }

    @Test
    void load_modelFileAlone_encodesTheSameWithinTheLimit() throws IOException {
        Files.copy(FOLDER.resolve("spiece.model"), folder.resolve("spiece.model"));
        Tokenizer alone = Tokenizer.load(folder, "T5Tokenizer", 300);
        String text = "a <extra_id_0> fox</s>, <extra_id_99>";
        assertThat(alone.window()).isEqualTo(300);
        assertThat(alone.withWindow(120).encode(text)).isEqualTo(tokenizer.encode(text));
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"model_max_length\": 1e30}");
        assertThat(Tokenizer.load(folder, "T5Tokenizer", 300).window()).isEqualTo(300);
    }

    @Test
    void load_tokenizerJsonAlone_isReadForTheSlowClass() throws IOException {
        Files.copy(FOLDER.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
        assertThat(Tokenizer.load(folder, "T5Tokenizer", 120).encode("two purple foxes, at night"))
                .isEqualTo(tokenizer.encode("two purple foxes, at night"));
    }

    @Test
    void load_foreignFiles_isRefused() throws IOException {
        assertRefused("T5Tokenizer", "tokenizer: spiece.model: expected a SentencePiece model, found nothing readable");
        assertRefused("LlamaTokenizer", "or T5TokenizerFast, found LlamaTokenizer");
        Files.writeString(folder.resolve("spiece.model"), "\u000e");
        assertRefused("T5Tokenizer", "spiece.model: expected a SentencePiece model, found wire type 6");
        Files.write(folder.resolve("spiece.model"), new byte[] {0x0a, 0x05, 0x0a});
        assertRefused("T5Tokenizer", "a field of 5 bytes with 1 left");
        Files.write(folder.resolve("spiece.model"), new byte[] {0x0a, 0x03, 0x0a, 0x01, 'a', 0x12, 0x02, 0x18, 0x02});
        assertRefused("T5Tokenizer", "the pieces of a unigram model, found 1 pieces of a model of type 2");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"padding_side\": \"left\"}");
        assertRefused("T5Tokenizer", "tokenizer_config.json padding_side: expected right, found left");
    }

    @Test
    void load_unknownComponent_isRefusedByItsName() throws IOException {
        ObjectNode file =
                (ObjectNode) JSON.readTree(FOLDER.resolve("tokenizer.json").toFile());
        file.putObject("normalizer").put("type", "BertNormalizer");
        JSON.writeValue(folder.resolve("tokenizer.json").toFile(), file);
        assertRefused("T5TokenizerFast", "found the normalizer BertNormalizer");
        file.putObject("normalizer").put("type", "NFKC");
        file.putObject("pre_tokenizer").put("type", "Digits");
        JSON.writeValue(folder.resolve("tokenizer.json").toFile(), file);
        assertRefused("T5TokenizerFast", "found the pre_tokenizer Digits");
        file.putNull("pre_tokenizer");
        file.putObject("model").put("type", "WordPiece");
        JSON.writeValue(folder.resolve("tokenizer.json").toFile(), file);
        assertRefused("T5TokenizerFast", "tokenizer.json");
    }

    private void assertRefused(String tokenizerClass, String message) {
        assertThatExceptionOfType(ModelDirectoryException.class)
                .isThrownBy(() -> Tokenizer.load(folder, tokenizerClass, 120))
                .withMessageContaining(message);
    }
}
