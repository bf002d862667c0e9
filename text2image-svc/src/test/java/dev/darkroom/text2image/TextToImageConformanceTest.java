// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.conformance.Example;
import dev.darkroom.conformance.ServiceConformance;
import dev.darkroom.rpc.ServiceApplication;
import dev.darkroom.text2image.v1.GenerateRequest;
import dev.darkroom.text2image.v1.ImageParameters;
import dev.darkroom.text2image.v1.TextToImageServiceGrpc;
import java.util.List;

final class TextToImageConformanceTest extends ServiceConformance {
    @Override
    protected ServiceApplication.Builder service() {
        return ServiceApplication.named("text2image-svc")
                .property("grpc.server.port", 0)
                .property("darkroom.text2image.models-directory", TestingService.TINY.toString())
                .property("darkroom.text2image.models", "per-row");
    }

    @Override
    protected String serviceName() {
        return TextToImageServiceGrpc.SERVICE_NAME;
    }

    @Override
    protected Example<?, ?> good() {
        return generate(ImageParameters.newBuilder().setNumInferenceSteps(2));
    }

    @Override
    protected Example<?, ?> bad() {
        return generate(ImageParameters.newBuilder().setNumInferenceSteps(0).setGuidanceScale(Float.NaN));
    }

    @Override
    protected List<String> badFields() {
        return List.of("parameters.num_inference_steps", "parameters.guidance_scale");
    }

    @Override
    protected String secret() {
        return "heliotrope";
    }

    @Override
    protected Example<?, ?> lasting() {
        return generate(ImageParameters.newBuilder()
                .setNumInferenceSteps(1000)
                .setNumImagesPerPrompt(4)
                .setWidth(512)
                .setHeight(512));
    }

    @Override
    protected int responsesUntilWorking() {
        return 5;
    }

    private Example<?, ?> generate(ImageParameters.Builder parameters) {
        return new Example<>(
                TextToImageServiceGrpc.getGenerateMethod(),
                GenerateRequest.newBuilder()
                        .setParameters(parameters.setPrompt("a " + secret() + " fox"))
                        .build());
    }
}
