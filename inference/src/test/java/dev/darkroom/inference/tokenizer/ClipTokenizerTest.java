// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.darkroom.inference.ModelDirectoryException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What TokenizerParityTest does not show of CLIP: windows, words beyond them, and folders. */
final class ClipTokenizerTest {
    private static final Path FOLDER = Path.of("src/test/resources/clip-tokenizer");

    private final ClipTokenizer tokenizer = ClipTokenizer.load(FOLDER, 77);

    @TempDir
    private Path folder;

    @Test
    void encode_longPrompt_namesWordsBeyondTheWindow() {
        String seen = "fox ".repeat(30);
        Encoding encoding = tokenizer.encode(seen + "Zebra, \u0000 two");
        assertThat(tokenizer.window()).isEqualTo(32);
        assertThat(encoding.ids().shape()).containsExactly(1, 32);
        assertThat(encoding.unseen()).containsExactly("Zebra,", "two");
        assertThat(tokenizer.encode(seen).unseen()).isEmpty();
    }

    @Test
    void encode_wordAcrossTheEdge_countsAsUnseen() {
        assertThat(tokenizer.encode("fox ".repeat(29) + "xylophonist").unseen()).containsExactly("xylophonist");
    }

    @Test
    void encode_loneSurrogate_isIgnored() {
        assertThat(tokenizer.encode("fo\ud83dx").ids())
                .isEqualTo(tokenizer.encode("fox").ids());
    }

    @Test
    void load_shorterEncoder_narrowsTheWindow() {
        assertThat(ClipTokenizer.load(FOLDER, 8)
                        .encode("a fox in the snow at night today")
                        .unseen())
                .containsExactly("night", "today");
    }

    @Test
    void load_paddingTokenOfTheMap_padsAndIsParted() throws IOException {
        Files.copy(FOLDER.resolve("vocab.json"), folder.resolve("vocab.json"));
        Files.copy(FOLDER.resolve("merges.txt"), folder.resolve("merges.txt"));
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"model_max_length\": 6}");
        Files.writeString(folder.resolve("special_tokens_map.json"), "{\"pad_token\": \"!\"}");
        Encoding encoding = ClipTokenizer.load(folder, 77).encode("fox!");
        assertThat(encoding.ids().data())
                .containsExactly(1022, tokenizer.encode("fox").ids().data()[1], 0, 1023, 0, 0);
        assertThat(encoding.attentionMask().data()).containsExactly(1, 1, 1, 1, 0, 0);
    }

    @Test
    void encode_hundredThousandCharacters_doesNotStall() {
        Tokenizer wide = tokenizer.withWindow(100_004);
        assertThat(wide.encode("qzj".repeat(33_334)).dropped()).isZero();
        assertThat(tokenizer.encode("fox ".repeat(25_000)).dropped()).isEqualTo(24_970);
    }

    @Test
    void load_missingOrForeignFiles_isRefused() throws IOException {
        assertThatExceptionOfType(ModelDirectoryException.class)
                .isThrownBy(() -> ClipTokenizer.load(folder, 77))
                .withMessage("tokenizer: vocab.json: expected a readable JSON file, found none");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{}");
        Files.writeString(folder.resolve("vocab.json"), "{\"a\": 0}");
        Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\n");
        assertThatExceptionOfType(ModelDirectoryException.class)
                .isThrownBy(() -> ClipTokenizer.load(folder, 77))
                .withMessageContaining("bos_token: expected a token of the vocabulary");
    }
}
