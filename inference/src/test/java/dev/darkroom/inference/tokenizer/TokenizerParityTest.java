// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against transformers' slow and fast CLIP and T5 tokenizers, recorded by {@code darkroom_training.record_tokenizer}. */
final class TokenizerParityTest {
    private static final Path RESOURCES = Path.of("src/test/resources");
    private static final JsonMapper JSON = new JsonMapper();

    /** The recorded lines behind the first, which names script and versions. */
    private static List<String> lines;

    private static JsonNode characters;

    @TempDir
    private Path folder;

    @BeforeAll
    static void read() throws IOException {
        characters = JSON.readTree(
                RESOURCES.resolve("golden/tokenizer-characters.json").toFile());
        try (BufferedReader in = new BufferedReader(new InputStreamReader(
                new GZIPInputStream(Files.newInputStream(RESOURCES.resolve("golden/tokenizer-texts.jsonl.gz"))),
                StandardCharsets.UTF_8))) {
            lines = in.lines().skip(1).toList();
        }
    }

    @Test
    void encode_clipFromVocabularyAndMerges_equalsSlow() throws IOException {
        assertParity(load("clip-tokenizer", "CLIPTokenizer"), "clip", "clip");
    }

    @Test
    void encode_clipFromTokenizerJsonAlone_equalsFast() throws IOException {
        assertParity(load("clip-tokenizer-fast", "CLIPTokenizer"), "clip_fast", "clip");
    }

    @Test
    void encode_t5FromSentencePiece_equalsSlow() throws IOException {
        assertParity(load("t5-tokenizer", "T5Tokenizer"), "t5", "t5");
    }

    @Test
    void encode_t5FromTokenizerJson_equalsFast() throws IOException {
        assertParity(load("t5-tokenizer", "T5TokenizerFast"), "t5_fast", "t5");
    }

    @Test
    void encode_t5WithByteFallbackSymbolsAndSpaces_equalsSlow() throws IOException {
        assertParity(load("t5-tokenizer-odd", "T5Tokenizer"), "t5_odd", "t5_odd");
    }

    @Test
    void encode_t5NotLegacy_equalsSlow() throws IOException {
        Files.copy(RESOURCES.resolve("t5-tokenizer/spiece.model"), folder.resolve("spiece.model"));
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"legacy\": false}");
        assertParity(Tokenizer.load(folder, "T5Tokenizer", 512), "t5_not_legacy", "t5");
    }

    private static Tokenizer load(String name, String tokenizerClass) {
        return Tokenizer.load(RESOURCES.resolve(name), tokenizerClass, 512);
    }

    /** The ids stand under another kind where they are the same. */
    private static void assertParity(Tokenizer tokenizer, String kind, String same) throws IOException {
        assertThat(lines).hasSize(10_000);
        for (String line : lines) {
            JsonNode recorded = JSON.readTree(line);
            String text =
                    recorded.path("text").asText().repeat(recorded.path("times").asInt());
            JsonNode ids = recorded.path(recorded.has(kind) ? kind : same);
            Encoding encoding = tokenizer.withWindow(ids.size() + 2).encode(text);
            assertThat(Arrays.copyOf(encoding.ids().data(), encoding.length()))
                    .as("%s %s", kind, line.substring(0, Math.min(200, line.length())))
                    .isEqualTo(floats(ids));
        }
        for (JsonNode run : characters.path(kind)) {
            CRC32 crc = new CRC32();
            for (int c = run.path(0).asInt(); c <= run.path(1).asInt(); c++) {
                String character = Character.toString(c);
                Encoding encoding = tokenizer.withWindow(64).encode("x" + character + "y " + character);
                crc.update(littleEndian(Arrays.copyOf(encoding.ids().data(), encoding.length())));
            }
            assertThat(crc.getValue())
                    .as("%s %s", kind, run)
                    .isEqualTo(run.path(2).asLong());
        }
    }

    private static float[] floats(JsonNode ids) {
        float[] values = new float[ids.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = ids.path(i).asInt();
        }
        return values;
    }

    private static ByteBuffer littleEndian(float[] ids) {
        ByteBuffer bytes = ByteBuffer.allocate(ids.length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (float id : ids) {
            bytes.putInt((int) id);
        }
        return bytes.flip();
    }
}
