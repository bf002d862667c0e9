// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.google.protobuf.ByteString;
import dev.darkroom.gateway.batch.Manifest;
import dev.darkroom.gateway.batch.ManifestItem;
import dev.darkroom.gateway.v1.CaptionImagesRequest;
import dev.darkroom.gateway.v1.EstimateGenerationRequest;
import dev.darkroom.gateway.v1.EstimateGenerationResponse;
import dev.darkroom.gateway.v1.GenerateImagesRequest;
import dev.darkroom.gateway.v1.GenerationServiceGrpc;
import dev.darkroom.gateway.v1.UpscaleImageRequest;
import io.grpc.Channel;
import io.grpc.StatusRuntimeException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** How long a batch will take, from what jobs of the same shapes took at a gateway: its items one after the other. */
record BatchForecast(Channel channel) {

    /** Returns a line for people. */
    String of(Manifest manifest) {
        Map<EstimateGenerationRequest, Long> shapes = manifest.items().stream()
                .filter(item -> item.index() == item.original())
                .collect(Collectors.groupingBy(BatchForecast::shape, Collectors.counting()));
        double seconds = 0;
        long unknown = 0;
        for (Map.Entry<EstimateGenerationRequest, Long> shape : shapes.entrySet()) {
            EstimateGenerationResponse estimate = estimate(shape.getKey());
            if (estimate.hasRunTime()) {
                seconds += shape.getValue()
                        * (estimate.getRunTime().getSeconds()
                                + estimate.getRunTime().getNanos() / 1e9);
            } else {
                unknown += shape.getValue();
            }
        }
        String known = String.format(Locale.ROOT, "about %.0f s one after the other", seconds);
        if (unknown == 0) {
            return known;
        }
        return (unknown == manifest.distinct() ? "time unknown" : known + ", and " + unknown + " more")
                + ": no job of that shape has been measured here";
    }

    private EstimateGenerationResponse estimate(EstimateGenerationRequest shape) {
        try {
            return GenerationServiceGrpc.newBlockingStub(channel).estimateGeneration(shape);
        } catch (StatusRuntimeException _) {
            return EstimateGenerationResponse.getDefaultInstance(); // a forecast is no reason to fail
        }
    }

    /** What decides the time of an item: not its words, its seed, or what its picture shows. */
    private static EstimateGenerationRequest shape(ManifestItem item) {
        EstimateGenerationRequest.Builder work = EstimateGenerationRequest.newBuilder();
        return switch (item.kind()) {
            case IMAGE ->
                work.setGenerateImages(wordless((GenerateImagesRequest) item.request()))
                        .build();
            case CAPTION ->
                work.setCaptionImages(((CaptionImagesRequest) item.request())
                                .toBuilder().addAllImages(List.of(picture())))
                        .build();
            case UPSCALE ->
                work.setUpscaleImage(((UpscaleImageRequest) item.request())
                                .toBuilder().setImage(picture()))
                        .build();
        };
    }

    private static GenerateImagesRequest wordless(GenerateImagesRequest request) {
        GenerateImagesRequest.Builder shape = request.toBuilder();
        shape.getParametersBuilder().setPrompt("x").clearNegativePrompt().clearSeed();
        return shape.build();
    }

    private static ByteString picture() {
        return ByteString.copyFromUtf8("x");
    }
}
