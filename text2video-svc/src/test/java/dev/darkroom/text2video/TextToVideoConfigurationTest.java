// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.darkroom.inference.onnx.ExecutionProvider;
import io.micronaut.context.ApplicationContext;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class TextToVideoConfigurationTest {
    private static TextToVideoConfiguration configuration(Map<String, Object> properties) {
        Map<String, Object> all = new HashMap<>(properties);
        all.put("micronaut.application.name", "text2video-svc");
        try (ApplicationContext context = ApplicationContext.run(all)) {
            return context.getBean(TextToVideoConfiguration.class);
        }
    }

    @Test
    void configuration_nothingSet_hasTheDefaults() {
        assertThat(configuration(Map.of()))
                .isEqualTo(new TextToVideoConfiguration(
                        Path.of("models"),
                        List.of(),
                        "",
                        "",
                        "",
                        ExecutionProvider.CPU,
                        0,
                        4,
                        0,
                        true,
                        256,
                        240,
                        64,
                        1000,
                        2000));
    }

    @Test
    void configuration_everyKeySet_mapsEveryKey() {
        assertThat(configuration(Map.ofEntries(
                        Map.entry("darkroom.text2video.models-directory", "/m"),
                        Map.entry("darkroom.text2video.models", "a,b"),
                        Map.entry("darkroom.text2video.upscaler", "none"),
                        Map.entry("darkroom.text2video.interpolator", "rife"),
                        Map.entry("darkroom.text2video.work-directory", "/w"),
                        Map.entry("darkroom.text2video.execution-provider", "cuda"),
                        Map.entry("darkroom.text2video.threads", "3"),
                        Map.entry("darkroom.text2video.rows-per-call", "8"),
                        Map.entry("darkroom.text2video.lanes", "2"),
                        Map.entry("darkroom.text2video.probe", "false"),
                        Map.entry("darkroom.text2video.max-size", "512"),
                        Map.entry("darkroom.text2video.max-num-frames", "32"),
                        Map.entry("darkroom.text2video.vae-tile-size", "0"),
                        Map.entry("darkroom.text2video.max-num-inference-steps", "99"),
                        Map.entry("darkroom.text2video.max-prompt-length", "77"))))
                .isEqualTo(new TextToVideoConfiguration(
                        Path.of("/m"),
                        List.of("a", "b"),
                        "none",
                        "rife",
                        "/w",
                        ExecutionProvider.CUDA,
                        3,
                        8,
                        2,
                        false,
                        512,
                        32,
                        0,
                        99,
                        77));
    }

    @Test
    void configuration_impossibleValue_namesTheKey() {
        assertThatThrownBy(() -> configuration(Map.of("darkroom.text2video.vae-tile-size", "4")))
                .rootCause()
                .hasMessageContaining("darkroom.text2video.vae-tile-size must be at least 8, but was 4");
    }
}
