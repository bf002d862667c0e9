// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.darkroom.inference.ModelDirectoryException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against transformers' CLIPTokenizer, recorded by {@code darkroom_training.record_tokenizer} over the folder in the resources. */
final class ClipTokenizerTest {
    private static final Path FOLDER = Path.of("src/test/resources/clip-tokenizer");
    private static final JsonMapper JSON = new JsonMapper();

    private final ClipTokenizer tokenizer = ClipTokenizer.load(FOLDER, 77);

    @TempDir
    private Path folder;

    @Test
    void encode_recordedTexts_equalsTransformers() throws IOException {
        for (JsonNode recorded : golden().path("texts")) {
            Encoding encoding = tokenizer.encode(recorded.path("text").asText());
            assertThat(encoding.ids().data())
                    .as(recorded.path("text").toString())
                    .isEqualTo(floats(recorded.path("ids")));
            if (recorded.has("fits")) {
                assertThat(encoding.unseen().isEmpty())
                        .isEqualTo(recorded.path("fits").asBoolean());
            }
        }
    }

    @Test
    void encode_everyCharacter_equalsTransformers() throws IOException {
        for (JsonNode run : golden().path("characters")) {
            CRC32 crc = new CRC32();
            for (int c = run.path(0).asInt(); c <= run.path(1).asInt(); c++) {
                String character = Character.toString(c);
                crc.update(littleEndian(tokenizer
                        .encode("x" + character + "y " + character)
                        .ids()
                        .data()));
            }
            assertThat(crc.getValue()).as("run %s", run).isEqualTo(run.path(2).asLong());
        }
    }

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
    void load_tokenizerJson_encodesTheSame() throws IOException {
        Files.copy(FOLDER.resolve("tokenizer_config.json"), folder.resolve("tokenizer_config.json"));
        ObjectNode model = JSON.createObjectNode();
        model.set("vocab", JSON.readTree(FOLDER.resolve("vocab.json").toFile()));
        Files.readString(FOLDER.resolve("merges.txt")).lines().skip(1).forEach(model.withArray("merges")::add);
        JSON.writeValue(
                folder.resolve("tokenizer.json").toFile(),
                JSON.createObjectNode().set("model", model));
        String text = "two pandas in a forest at night, painted";
        assertThat(ClipTokenizer.load(folder, 77).encode(text)).isEqualTo(tokenizer.encode(text));
    }

    @Test
    void load_missingOrForeignFiles_isRefused() throws IOException {
        assertThatExceptionOfType(ModelDirectoryException.class)
                .isThrownBy(() -> ClipTokenizer.load(folder, 77))
                .withMessage("tokenizer: tokenizer_config.json: expected a readable JSON file, found none");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{}");
        Files.writeString(folder.resolve("vocab.json"), "{\"a\": 0}");
        Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\n");
        assertThatExceptionOfType(ModelDirectoryException.class)
                .isThrownBy(() -> ClipTokenizer.load(folder, 77))
                .withMessageContaining("bos_token: expected a token of the vocabulary");
    }

    private static JsonNode golden() throws IOException {
        try (InputStream in = ClipTokenizerTest.class.getResourceAsStream("/golden/clip-unicode.json")) {
            return JSON.readTree(in);
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
