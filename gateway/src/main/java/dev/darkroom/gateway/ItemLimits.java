// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.darkroom.gateway.v1.CaptionImageRequest;
import dev.darkroom.gateway.v1.CaptionImagesRequest;
import dev.darkroom.gateway.v1.GenerateImagesRequest;
import dev.darkroom.gateway.v1.ListModelsResponse;
import dev.darkroom.gateway.v1.StreamGenerateImagesRequest;
import dev.darkroom.gateway.v1.UpscaleImageRequest;
import dev.darkroom.rpc.Fault;
import dev.darkroom.rpc.Violation;
import dev.darkroom.rpc.Violations;
import dev.darkroom.text2image.v1.ImageParameters;
import java.util.ArrayList;
import java.util.List;

/** Holds requests that are not sent yet against what a gateway says that it has, so that all of many are known to be good before the first is made. */
public final class ItemLimits {
    private static final int MAX_PROMPT_CODE_POINTS = 2_000;

    private final dev.darkroom.text2image.v1.ListModelsResponse images;
    private final dev.darkroom.caption.v1.ListModelsResponse captions;

    /** @param published by the gateway that the requests will be sent to */
    public ItemLimits(ListModelsResponse published) {
        images = dev.darkroom.text2image.v1.ListModelsResponse.newBuilder()
                .addAllModels(published.getImageModelsList())
                .addAllUpscalers(published.getUpscaleModelsList())
                .build();
        captions = dev.darkroom.caption.v1.ListModelsResponse.newBuilder()
                .addAllCaptioners(published.getCaptionModelsList())
                .addAllAlignmentModels(published.getAlignmentModelsList())
                .build();
    }

    /** Returns every bad field of a request, apart from its picture. */
    public List<Violation> check(GenerateImagesRequest request) {
        return gather(violations -> {
            ImageParameters parameters = request.getParameters();
            violations.text("parameters.prompt", parameters.getPrompt(), 1, MAX_PROMPT_CODE_POINTS);
            violations.text("parameters.negative_prompt", parameters.getNegativePrompt(), 0, MAX_PROMPT_CODE_POINTS);
            StreamGenerateImagesRequest streamed = StreamGenerateImagesRequest.parseFrom(request.toByteString());
            BestOf.of(streamed, images, violations);
            UpscalePlan.of(streamed, images, violations);
            PublishedLimits.check(parameters, images, violations);
        });
    }

    /** Returns every bad field of a request, apart from its picture. */
    public List<Violation> check(UpscaleImageRequest request) {
        return gather(violations -> {
            violations.text("parameters.prompt", request.getParameters().getPrompt(), 0, MAX_PROMPT_CODE_POINTS);
            PublishedLimits.upscaler("parameters.model", request.getParameters().getModel(), images, violations)
                    .ifPresent(
                            model -> PublishedLimits.check("parameters.", request.getParameters(), model, violations));
        });
    }

    /** Returns every bad field of a request, apart from its pictures. */
    public List<Violation> check(CaptionImagesRequest request) {
        CaptionImageRequest.Builder each = CaptionImageRequest.newBuilder().setParameters(request.getParameters());
        if (request.hasMinConfidence()) {
            each.setMinConfidence(request.getMinConfidence());
        }
        return gather(violations -> PublishedCaptionLimits.check(each.build(), captions, violations));
    }

    private interface Check {
        void run(Violations violations) throws InvalidProtocolBufferException;
    }

    private static List<Violation> gather(Check check) {
        List<Violation> found = new ArrayList<>();
        try {
            Violations violations = new Violations();
            check.run(violations);
            violations.throwIfAny();
        } catch (Fault.InvalidArgument invalid) {
            found.addAll(invalid.violations());
        } catch (Fault.NotFound unknown) {
            found.add(new Violation("parameters.model", unknown.description()));
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException(e); // the one message has the fields of the other
        }
        return found;
    }
}
