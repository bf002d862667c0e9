// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.darkroom.media.v1.Reproducibility;
import dev.darkroom.text2image.TestingService.Generated;
import dev.darkroom.text2image.v1.GenerateRequest;
import dev.darkroom.text2image.v1.GenerateResponse.EventCase;
import dev.darkroom.text2image.v1.ImageParameters;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What Darkroom promises of a seed: the same bytes whatever the number of threads, the place in a batch, the previews and the start of the
 * service. On the shipped model, through the service as its callers see it.
 */
final class DeterminismTest {
    private static final String PROMPT = "a fox in the snow";
    private static final List<String> SAMPLERS = List.of("ddim", "euler_a", "dpmpp_2m", "dpmpp_2m_sde", "heun");

    private static final Map<String, byte[]> expected = new HashMap<>();

    /** Draws with every sampler on one thread; this service has ended before any test begins. */
    @BeforeAll
    static void drawOnOneThread() {
        try (TestingService service = service(1)) {
            for (String sampler : SAMPLERS) {
                Generated drawn = service.generate(parameters(sampler));
                assertThat(drawn.events()
                                .getLast()
                                .getCompleted()
                                .getFingerprint()
                                .getReproducibility())
                        .isEqualTo(Reproducibility.REPRODUCIBILITY_BYTES);
                expected.put(sampler, drawn.picture());
            }
        }
    }

    @AfterAll
    static void forget() {
        expected.clear();
    }

    private static TestingService service(int threads) {
        return new TestingService(
                Path.of("../models"),
                Map.of("darkroom.text2image.models", List.of("pocket-unet"), "darkroom.text2image.threads", threads));
    }

    private static ImageParameters.Builder parameters(String sampler) {
        return TestingService.parameters(PROMPT)
                .setScheduler(sampler)
                .setNumInferenceSteps(6)
                .setGuidanceScale(3);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void generate_anyNumberOfThreadsAfterARestart_givesTheSameBytes(int threads) {
        try (TestingService service = service(threads)) {
            for (String sampler : SAMPLERS) {
                assertThat(service.generate(parameters(sampler)).picture())
                        .as(sampler)
                        .isEqualTo(expected.get(sampler));
            }
        }
    }

    @Test
    void generate_anyPlaceInABatch_givesTheSameBytes() {
        try (TestingService service = service(2)) {
            for (String sampler : SAMPLERS) {
                for (int place : new int[] {1, 4}) {
                    long seed = parameters(sampler).getSeed() - place;
                    var batch = parameters(sampler).setSeed(seed).setNumImagesPerPrompt(5);
                    assertThat(service.generate(batch).pictures().get(place))
                            .as(sampler)
                            .isEqualTo(expected.get(sampler));
                }
            }
        }
    }

    @Test
    void generate_withPreviews_givesTheSameBytes() {
        try (TestingService service = service(2)) {
            for (String sampler : SAMPLERS) {
                var generated = service.generate(GenerateRequest.newBuilder()
                        .setParameters(parameters(sampler))
                        .setPreviewInterval(1)
                        .build());
                assertThat(generated.of(EventCase.PREVIEW)).isNotEmpty();
                assertThat(generated.picture()).as(sampler).isEqualTo(expected.get(sampler));
            }
        }
    }
}
