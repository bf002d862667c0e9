// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.onnx.RecordedCaptioners;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against {@code GPT2TokenizerFast}. */
final class CaptionTokenizerTest {
    @TempDir
    private Path temporary;

    private Path folder;

    @BeforeEach
    void unpack() throws IOException {
        folder = RecordedCaptioners.unpack("vit-gpt2", temporary);
    }

    @Test
    void encodeAndDecode_recordedTexts_equalTransformers() throws IOException {
        CaptionTokenizer tokenizer = CaptionTokenizer.load(folder);
        JsonNode texts;
        try (InputStream in =
                new GZIPInputStream(Files.newInputStream(Path.of("src/test/resources/golden/captions.json.gz")))) {
            texts = new JsonMapper().readTree(in).path("texts");
        }
        assertThat(texts).hasSizeGreaterThan(10);
        for (JsonNode recorded : texts) {
            List<Integer> ids = new ArrayList<>();
            recorded.path("ids").forEach(id -> ids.add(id.asInt()));
            String text = recorded.path("text").asText();
            assertThat(Arrays.stream(tokenizer.encode(text)).boxed()).as(text).isEqualTo(ids);
            assertThat(tokenizer.decode(ids)).isEqualTo(recorded.path("decoded").asText());
        }
    }

    @Test
    void decode_partOfACharacter_isReplaced() {
        CaptionTokenizer tokenizer = CaptionTokenizer.load(folder);
        List<Integer> fox =
                Arrays.stream(tokenizer.encode("\ud83e\udd8a")).boxed().toList();
        assertThat(fox).hasSizeGreaterThan(1);
        assertThat(tokenizer.decode(fox.subList(0, 1))).isEqualTo("\ufffd");
    }

    @Test
    void decode_cleanUp_isTheFoldersChoice() throws IOException {
        CaptionTokenizer plain = CaptionTokenizer.load(folder);
        List<Integer> ids =
                Arrays.stream(plain.encode("a fox , it 's red !")).boxed().toList();
        assertThat(plain.decode(ids)).isEqualTo("a fox , it 's red !");
        Path file = folder.resolve("tokenizer_config.json");
        JsonNode config = new JsonMapper().readTree(file.toFile());
        ((ObjectNode) config).put("clean_up_tokenization_spaces", true);
        Files.writeString(file, config.toString());
        assertThat(CaptionTokenizer.load(folder).decode(ids)).isEqualTo("a fox, it's red!");
    }

    @Test
    void load_anotherDecoder_isRefused() throws IOException {
        Path file = folder.resolve("tokenizer.json");
        Files.writeString(file, Files.readString(file).replace("\"ByteLevel\"", "\"WordPiece\""));
        assertThatExceptionOfType(ModelDirectoryException.class)
                .isThrownBy(() -> CaptionTokenizer.load(folder))
                .withMessageContaining("tokenizer.json");
    }
}
