// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.caption;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.darkroom.inference.onnx.ExecutionProvider;
import io.micronaut.context.ApplicationContext;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class CaptionConfigurationTest {
    private static CaptionConfiguration configuration(Map<String, Object> properties) {
        Map<String, Object> all = new HashMap<>(properties);
        all.put("micronaut.application.name", "caption-svc");
        try (ApplicationContext context = ApplicationContext.run(all)) {
            return context.getBean(CaptionConfiguration.class);
        }
    }

    @Test
    void configuration_nothingSet_hasTheDefaults() {
        assertThat(configuration(Map.of()))
                .isEqualTo(new CaptionConfiguration(
                        Path.of("models"),
                        List.of(),
                        ExecutionProvider.CPU,
                        0,
                        32,
                        0,
                        8192,
                        16 << 20,
                        16,
                        256,
                        16,
                        16,
                        128,
                        0,
                        List.of()));
    }

    @Test
    void configuration_everyKeySet_mapsEveryKey() {
        assertThat(configuration(Map.ofEntries(
                        Map.entry("darkroom.caption.models-directory", "/m"),
                        Map.entry("darkroom.caption.models", "a,b"),
                        Map.entry("darkroom.caption.execution-provider", "cuda"),
                        Map.entry("darkroom.caption.threads", "3"),
                        Map.entry("darkroom.caption.rows-per-call", "4"),
                        Map.entry("darkroom.caption.lanes", "2"),
                        Map.entry("darkroom.caption.max-size", "512"),
                        Map.entry("darkroom.caption.max-image-bytes", "1000"),
                        Map.entry("darkroom.caption.max-images", "5"),
                        Map.entry("darkroom.caption.max-texts", "6"),
                        Map.entry("darkroom.caption.max-num-beams", "7"),
                        Map.entry("darkroom.caption.max-num-return-sequences", "8"),
                        Map.entry("darkroom.caption.max-new-tokens", "9"),
                        Map.entry("darkroom.caption.min-confidence", "0.5"),
                        Map.entry("darkroom.caption.blocked-terms", "x,y"))))
                .isEqualTo(new CaptionConfiguration(
                        Path.of("/m"),
                        List.of("a", "b"),
                        ExecutionProvider.CUDA,
                        3,
                        4,
                        2,
                        512,
                        1000,
                        5,
                        6,
                        7,
                        8,
                        9,
                        0.5f,
                        List.of("x", "y")));
    }

    @Test
    void configuration_valueOutOfRange_isRefusedByName() {
        assertThatThrownBy(() -> configuration(Map.of("darkroom.caption.rows-per-call", "0")))
                .hasStackTraceContaining("darkroom.caption.rows-per-call must be at least 1");
        assertThatThrownBy(() -> configuration(Map.of("darkroom.caption.min-confidence", "2")))
                .hasStackTraceContaining("darkroom.caption.min-confidence must be 0 to 1, but was 2");
    }
}
