// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import com.google.protobuf.ByteString;
import dev.darkroom.conformance.Example;
import dev.darkroom.conformance.ServiceConformance;
import dev.darkroom.inference.image.PngWriter;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.rpc.ServiceApplication;
import dev.darkroom.text2image.v1.TextToImageServiceGrpc;
import dev.darkroom.text2image.v1.UpscaleParameters;
import dev.darkroom.text2image.v1.UpscaleRequest;
import java.util.List;

final class UpscaleConformanceTest extends ServiceConformance {
    @Override
    protected ServiceApplication.Builder service() {
        return ServiceApplication.named("text2image-svc")
                .property("grpc.server.port", 0)
                .property("darkroom.text2image.models-directory", TestingService.TINY.toString())
                .properties(TestingService.withUpscaler());
    }

    @Override
    protected String serviceName() {
        return TextToImageServiceGrpc.SERVICE_NAME;
    }

    @Override
    protected Example<?, ?> good() {
        return upscale(UpscaleParameters.newBuilder().setNumInferenceSteps(2), 16);
    }

    @Override
    protected Example<?, ?> bad() {
        return upscale(UpscaleParameters.newBuilder().setNumInferenceSteps(0).setNoiseLevel(61), 513);
    }

    @Override
    protected List<String> badFields() {
        return List.of("parameters.num_inference_steps", "parameters.noise_level", "image");
    }

    @Override
    protected String secret() {
        return "heliotrope";
    }

    @Override
    protected Example<?, ?> lasting() {
        return upscale(UpscaleParameters.newBuilder().setNumInferenceSteps(1000), 128);
    }

    @Override
    protected int responsesUntilWorking() {
        return 4;
    }

    private Example<?, ?> upscale(UpscaleParameters.Builder parameters, int side) {
        byte[] png = PngWriter.encode(RgbImage.of(side, side, new byte[side * side * 3]), secret());
        return new Example<>(
                TextToImageServiceGrpc.getUpscaleMethod(),
                UpscaleRequest.newBuilder()
                        .setParameters(parameters.setPrompt("a " + secret() + " fox"))
                        .setImage(ByteString.copyFrom(png))
                        .build());
    }
}
