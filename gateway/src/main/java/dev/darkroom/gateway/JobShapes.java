// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.gateway.job.Shape;
import dev.darkroom.gateway.v1.CaptionImagesRequest;
import dev.darkroom.gateway.v1.GenerateImagesRequest;
import dev.darkroom.gateway.v1.UpscaleImageRequest;
import dev.darkroom.text2image.v1.ImageModel;
import dev.darkroom.text2image.v1.ImageParameters;
import java.util.List;

/** What decides how long a job takes, as far as its request tells. */
final class JobShapes {
    private static final int MAX_LENGTH = 200;

    private JobShapes() {}

    /** Denoising steps of all pictures, of those with the same model, size, enlargement and number of chances. */
    static Shape of(GenerateImagesRequest request, RequestCheck.JobPlan checked) {
        ImageParameters used = used(request, checked);
        int attempts = checked.plan().bestOf().maxAttempts();
        return shape(
                (double) steps(request, checked),
                "images",
                used.getModel(),
                used.getWidth() + "x" + used.getHeight(),
                "x" + checked.plan().upscale().factor(),
                attempts > 1 ? attempts + " attempts" : "");
    }

    /** Denoising steps of all pictures that one attempt draws. */
    static long steps(GenerateImagesRequest request, RequestCheck.JobPlan checked) {
        ImageParameters used = used(request, checked);
        int pictures =
                Math.max(used.getNumImagesPerPrompt(), checked.plan().bestOf().candidates());
        return (long) Math.max(1, used.getNumInferenceSteps()) * Math.max(1, pictures);
    }

    /** Denoising steps, of pictures of about as many bytes, as their size in pixels is not known before they are decoded. */
    static Shape of(UpscaleImageRequest request) {
        int magnitude =
                Integer.SIZE - Integer.numberOfLeadingZeros(request.getImage().size());
        return shape(
                (double) steps(request), "upscale", request.getParameters().getModel(), "2^" + magnitude + " bytes");
    }

    static long steps(UpscaleImageRequest request) {
        return Math.max(1, request.getParameters().getNumInferenceSteps());
    }

    /** Pictures. */
    static Shape of(CaptionImagesRequest request) {
        return shape(
                request.getImagesCount(), "captions", request.getParameters().getModel());
    }

    private static ImageParameters used(GenerateImagesRequest request, RequestCheck.JobPlan checked) {
        return PublishedLimits.model(request.getParameters().getModel(), checked.published())
                .map(ImageModel::getDefaults)
                .orElse(ImageParameters.getDefaultInstance())
                .toBuilder()
                .mergeFrom(request.getParameters())
                .build();
    }

    private static Shape shape(double work, String... parts) {
        String timing = String.join(" ", List.of(parts)).strip();
        return new Shape(timing.substring(0, Math.min(timing.length(), MAX_LENGTH)), work);
    }
}
