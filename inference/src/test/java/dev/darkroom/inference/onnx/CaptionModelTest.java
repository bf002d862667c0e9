// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.image.RecordedPicture;
import dev.darkroom.inference.onnx.TextDecoder.Answer;
import dev.darkroom.inference.onnx.TextDecoder.Row;
import dev.darkroom.inference.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(NoLiveHandles.class)
final class CaptionModelTest {
    private static final SessionSettings SETTINGS = new SessionSettings(ExecutionProvider.CPU, 1);
    private final Cancellation cancellation = new Cancellation();

    @TempDir
    private Path temporary;

    /** Kept keys and values against reading everything again: the fault of exports that give nonsense with a past. */
    @ParameterizedTest
    @ValueSource(strings = {"vit-gpt2", "vit-gpt2-merged", "vit-trocr"})
    void next_withPast_equalsReadingEverythingAgain(String layout) throws IOException {
        try (CaptionModel model = CaptionModel.load(RecordedCaptioners.unpack(layout, temporary), SETTINGS)) {
            TextDecoder decoder = model.decoder();
            assertThat(decoder.isCached()).isTrue();
            Tensor states = model.encode(model.pixelValues(RecordedPicture.of(50, 37)), cancellation);
            Answer two = next(decoder, new Row(List.of(0, 70), states, null));
            Answer three = next(decoder, new Row(List.of(0, 70, 71), states, two.past()));
            Answer four = next(decoder, new Row(List.of(0, 70, 71, 9), states, three.past()));
            Answer again = next(decoder, new Row(List.of(0, 70, 71, 9), states, null));
            assertThat(four.past().length()).isEqualTo(4);
            assertThat(four.logits().data()).containsExactly(again.logits().data(), Assertions.within(1e-4f));
        }
    }

    private Answer next(TextDecoder decoder, Row row) {
        return decoder.next(List.of(row), cancellation).getFirst();
    }

    @Test
    void load_graphsInAFolderOfTheirOwn_areFound() throws IOException {
        Path folder = RecordedCaptioners.unpack("vit-gpt2", temporary);
        Files.createDirectory(folder.resolve("onnx"));
        for (String file : List.of(
                "model.safetensors", "encoder_model.onnx", "decoder_model.onnx", "decoder_with_past_model.onnx")) {
            Files.move(folder.resolve(file), folder.resolve("onnx").resolve(file));
        }
        try (CaptionModel model = CaptionModel.load(folder, SETTINGS)) {
            assertThat(model.imageSize()).isEqualTo(24);
            assertThat(model.decoder().window()).isEqualTo(32);
            assertThat(model.fingerprint().modelDigest()).hasSize(64);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "config.json, vision-encoder-decoder, blip, model_type",
        "config.json, '\"image_size\": 24', '\"image_size\": 32', image_size",
        "tokenizer.json, '\"<pad>\": 1', '\"<pad>\": 4000', vocab_size",
        "preprocessor_config.json, '\"height\": 24', '\"height\": 25', image_size",
    })
    void load_folderThatDoesNotFit_isRefusedByName(String file, String text, String instead, String named)
            throws IOException {
        Path folder = RecordedCaptioners.unpack("vit-gpt2", temporary);
        String before = Files.readString(folder.resolve(file));
        assertThat(before).contains(text);
        Files.writeString(folder.resolve(file), before.replace(text, instead));
        assertThatExceptionOfType(ModelDirectoryException.class)
                .isThrownBy(() -> CaptionModel.load(folder, SETTINGS))
                .withMessageContaining(named);
    }

    @Test
    void load_noDecoder_isRefused() throws IOException {
        Path folder = RecordedCaptioners.unpack("vit-gpt2-uncached", temporary);
        Files.delete(folder.resolve("decoder_model.onnx"));
        assertThatExceptionOfType(ModelDirectoryException.class)
                .isThrownBy(() -> CaptionModel.load(folder, SETTINGS))
                .withMessageContaining("decoder_model");
    }
}
