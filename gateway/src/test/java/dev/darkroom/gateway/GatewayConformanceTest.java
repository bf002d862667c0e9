// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.conformance.Example;
import dev.darkroom.conformance.ServiceConformance;
import dev.darkroom.gateway.v1.GenerationServiceGrpc;
import dev.darkroom.gateway.v1.StreamGenerateImagesRequest;
import dev.darkroom.rpc.ServiceApplication;
import dev.darkroom.text2image.v1.ImageParameters;
import java.util.List;
import org.junit.jupiter.api.AfterAll;

final class GatewayConformanceTest extends ServiceConformance {
    private static final int LASTING_STEPS = 99;

    private final TestingTextToImageService textToImage = new TestingTextToImageService();
    private final TestingUpstream textToImageServer = new TestingUpstream(textToImage);
    private final TestingUpstream safetyServer = new TestingUpstream(new TestingSafetyService());

    GatewayConformanceTest() {
        textToImage.hanging = request -> request.getParameters().getNumInferenceSteps() == LASTING_STEPS;
    }

    @AfterAll
    void stopUpstreams() {
        textToImageServer.close();
        safetyServer.close();
    }

    @Override
    protected ServiceApplication.Builder service() {
        return TestingGateway.before(textToImageServer, safetyServer);
    }

    @Override
    protected String serviceName() {
        return GenerationServiceGrpc.SERVICE_NAME;
    }

    @Override
    protected Example<?, ?> good() {
        return example(ImageParameters.newBuilder(), 0);
    }

    @Override
    protected Example<?, ?> bad() {
        return example(ImageParameters.newBuilder().setNegativePrompt("\0").setNumInferenceSteps(0), -1);
    }

    @Override
    protected List<String> badFields() {
        return List.of("parameters.negative_prompt", "parameters.num_inference_steps", "preview_interval");
    }

    @Override
    protected String secret() {
        return "heliotrope";
    }

    @Override
    protected Example<?, ?> lasting() {
        return example(ImageParameters.newBuilder().setNumInferenceSteps(LASTING_STEPS), 0);
    }

    @Override
    protected int responsesUntilWorking() {
        return 10;
    }

    private Example<?, ?> example(ImageParameters.Builder parameters, int previewInterval) {
        return new Example<>(
                GenerationServiceGrpc.getStreamGenerateImagesMethod(),
                StreamGenerateImagesRequest.newBuilder()
                        .setParameters(parameters.setPrompt("a " + secret() + " fox"))
                        .setPreviewInterval(previewInterval)
                        .build());
    }
}
