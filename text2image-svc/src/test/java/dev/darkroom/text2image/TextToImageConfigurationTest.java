// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.darkroom.inference.onnx.ExecutionProvider;
import io.micronaut.context.ApplicationContext;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class TextToImageConfigurationTest {
    private static TextToImageConfiguration configuration(Map<String, Object> properties) {
        Map<String, Object> all = new HashMap<>(properties);
        all.put("micronaut.application.name", "text2image-svc");
        try (ApplicationContext context = ApplicationContext.run(all)) {
            return context.getBean(TextToImageConfiguration.class);
        }
    }

    @Test
    void configuration_nothingSet_hasTheDefaults() {
        assertThat(configuration(Map.of()))
                .isEqualTo(new TextToImageConfiguration(
                        Path.of("models"),
                        List.of(),
                        ExecutionProvider.CPU,
                        0,
                        16,
                        0,
                        true,
                        1024,
                        512,
                        64,
                        1000,
                        16,
                        2000,
                        0,
                        -1));
    }

    @Test
    void configuration_everyKeySet_mapsEveryKey() {
        assertThat(configuration(Map.ofEntries(
                        Map.entry("darkroom.text2image.models-directory", "/m"),
                        Map.entry("darkroom.text2image.models", "a,b"),
                        Map.entry("darkroom.text2image.execution-provider", "cuda"),
                        Map.entry("darkroom.text2image.threads", "3"),
                        Map.entry("darkroom.text2image.rows-per-call", "4"),
                        Map.entry("darkroom.text2image.lanes", "2"),
                        Map.entry("darkroom.text2image.probe", "false"),
                        Map.entry("darkroom.text2image.max-size", "512"),
                        Map.entry("darkroom.text2image.max-upscale-size", "256"),
                        Map.entry("darkroom.text2image.vae-tile-size", "0"),
                        Map.entry("darkroom.text2image.max-num-inference-steps", "99"),
                        Map.entry("darkroom.text2image.max-num-images-per-prompt", "2"),
                        Map.entry("darkroom.text2image.max-prompt-length", "77"),
                        Map.entry("darkroom.text2image.default-num-inference-steps", "20"),
                        Map.entry("darkroom.text2image.default-guidance-scale", "5"))))
                .isEqualTo(new TextToImageConfiguration(
                        Path.of("/m"),
                        List.of("a", "b"),
                        ExecutionProvider.CUDA,
                        3,
                        4,
                        2,
                        false,
                        512,
                        256,
                        0,
                        99,
                        2,
                        77,
                        20,
                        5f));
    }

    @Test
    void configuration_limitBelowOne_isRefusedByName() {
        assertThatThrownBy(() -> configuration(Map.of("darkroom.text2image.rows-per-call", "0")))
                .hasStackTraceContaining("darkroom.text2image.rows-per-call must be at least 1");
        assertThatThrownBy(() -> configuration(Map.of("darkroom.text2image.vae-tile-size", "7")))
                .hasStackTraceContaining("darkroom.text2image.vae-tile-size must be at least 8, but was 7");
    }
}
