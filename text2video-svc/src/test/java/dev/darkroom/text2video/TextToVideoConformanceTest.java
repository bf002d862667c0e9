// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2video;

import dev.darkroom.conformance.Example;
import dev.darkroom.conformance.ServiceConformance;
import dev.darkroom.rpc.ServiceApplication;
import dev.darkroom.text2video.v1.GenerateRequest;
import dev.darkroom.text2video.v1.TextToVideoServiceGrpc;
import dev.darkroom.text2video.v1.VideoParameters;
import java.util.List;

final class TextToVideoConformanceTest extends ServiceConformance {
    @Override
    protected ServiceApplication.Builder service() {
        return TestingService.builder();
    }

    @Override
    protected String serviceName() {
        return TextToVideoServiceGrpc.SERVICE_NAME;
    }

    @Override
    protected Example<?, ?> good() {
        return generate(VideoParameters.newBuilder().setNumInferenceSteps(2).setNumFrames(2));
    }

    @Override
    protected Example<?, ?> bad() {
        return generate(VideoParameters.newBuilder().setNumInferenceSteps(0).setGuidanceScale(Float.NaN));
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
        return generate(VideoParameters.newBuilder()
                .setNumInferenceSteps(300)
                .setNumFrames(30)
                .setWidth(128)
                .setHeight(128));
    }

    private Example<?, ?> generate(VideoParameters.Builder parameters) {
        return new Example<>(
                TextToVideoServiceGrpc.getGenerateMethod(),
                GenerateRequest.newBuilder()
                        .setParameters(parameters.setPrompt("a " + secret() + " fox"))
                        .build());
    }
}
