// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.onnx.ModelDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GenerationConfigTest {
    @TempDir
    private Path folder;

    private GenerationConfig read(String config, String generation) throws IOException {
        Files.writeString(folder.resolve("config.json"), config);
        if (!generation.isEmpty()) {
            Files.writeString(folder.resolve("generation_config.json"), generation);
        }
        return GenerationConfig.of(ModelDirectory.openTransformers(folder), 50257);
    }

    @Test
    void of_vitGpt2_startsAndEndsAsItsFilesSay() throws IOException {
        GenerationConfig config = read(
                "{}",
                "{\"bos_token_id\": 50256, \"decoder_start_token_id\": 50256, \"eos_token_id\": 50256, \"max_length\": 16, \"num_beams\": 4}");
        assertThat(config.rules().decoderStartTokenId()).isEqualTo(50256);
        assertThat(config.rules().eosTokenId()).containsExactly(50256);
        assertThat(config.settings().numBeams()).isEqualTo(4);
        assertThat(config.maxNewTokens(1)).isEqualTo(15);
        assertThat(config.maxNewTokens(40)).isEqualTo(1);
    }

    @Test
    void of_idsInDecoderOnly_areFound() throws IOException {
        GenerationConfig config = read(
                "{\"decoder\": {\"bos_token_id\": 3, \"eos_token_id\": [4, 5], \"num_beams\": 9}, \"no_repeat_ngram_size\": 3}",
                "");
        assertThat(config.rules().decoderStartTokenId()).isEqualTo(3);
        assertThat(config.rules().eosTokenId()).isEqualTo(List.of(4, 5));
        assertThat(config.settings().noRepeatNgramSize()).isEqualTo(3);
        assertThat(config.maxNewTokens(7)).isEqualTo(20);
    }

    @Test
    void of_ownFile_goesBeforeConfig() throws IOException {
        GenerationConfig config = read(
                "{\"decoder_start_token_id\": 1, \"eos_token_id\": 2, \"length_penalty\": 2.0}",
                "{\"decoder_start_token_id\": 7, \"early_stopping\": \"never\", \"max_new_tokens\": 30, \"forced_eos_token_id\": 2}");
        assertThat(config.rules().decoderStartTokenId()).isEqualTo(7);
        assertThat(config.rules().eosTokenId()).containsExactly(2);
        assertThat(config.rules().forcedEosTokenId()).containsExactly(2);
        assertThat(config.settings().lengthPenalty()).isEqualTo(1);
        assertThat(config.settings().earlyStopping()).isEqualTo(EarlyStopping.NEVER);
        assertThat(config.maxNewTokens(1)).isEqualTo(30);
    }

    @Test
    void of_startOfAStyle_isUsedForItAlone() throws IOException {
        GenerationConfig config =
                read("{}", "{\"decoder_start_token_id\": 7, \"style_to_start_token_id\": {\"short\": 9}}");
        assertThat(config.start("short")).isEqualTo(9);
        assertThat(config.start("detailed")).isEqualTo(7);
    }

    @Test
    void of_noStart_isRefused() {
        assertThatExceptionOfType(ModelDirectoryException.class)
                .isThrownBy(() -> read("{}", ""))
                .withMessageContaining("decoder_start_token_id");
    }

    @Test
    void of_idBeyondTheVocabulary_isRefused() {
        assertThatExceptionOfType(ModelDirectoryException.class)
                .isThrownBy(() -> read("{\"decoder_start_token_id\": 1, \"eos_token_id\": 60000}", ""))
                .withMessageContaining("60000");
    }
}
