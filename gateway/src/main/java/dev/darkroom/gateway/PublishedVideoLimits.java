// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.rpc.Violations;
import dev.darkroom.text2video.v1.ListModelsResponse;
import dev.darkroom.text2video.v1.VideoLimits;
import dev.darkroom.text2video.v1.VideoModel;
import dev.darkroom.text2video.v1.VideoParameters;
import java.util.List;
import java.util.Optional;

/** The limits of {@code text2video.proto} and of its {@code ListModels}, for all parameters but the texts. */
final class PublishedVideoLimits {
    private static final int MAX_FRAME_RATE = 60;
    private static final int MAX_TEMPORAL_FACTOR = 8;

    private PublishedVideoLimits() {}

    /** Adds what is wrong with parameters under the limits of the model that they name, or of the first one. */
    static void check(VideoParameters parameters, ListModelsResponse published, Violations violations) {
        List<VideoModel> models = published.getModelsList();
        Optional<VideoModel> model = models.stream()
                .filter(each ->
                        parameters.getModel().isEmpty() || each.getName().equals(parameters.getModel()))
                .findFirst();
        if (model.isEmpty()) {
            List<String> known = models.stream().map(VideoModel::getName).toList();
            violations.check(known.isEmpty(), "parameters.model", oneOf(known), parameters.getModel());
            return;
        }
        VideoParameters used =
                model.get().getDefaults().toBuilder().mergeFrom(parameters).build();
        checkDrawing(used, model.get(), violations);
        checkFile(used, parameters.hasTemporalFactor(), published, violations);
    }

    private static void checkDrawing(VideoParameters used, VideoModel model, Violations violations) {
        VideoLimits limits = model.getLimits();
        violations.range(
                "parameters.num_inference_steps", used.getNumInferenceSteps(), 1, limits.getMaxNumInferenceSteps());
        violations.range("parameters.guidance_scale", used.getGuidanceScale(), 0, 50);
        violations.range("parameters.num_frames", used.getNumFrames(), 1, limits.getMaxNumFrames());
        checkSize("parameters.width", used.getWidth(), limits, violations);
        checkSize("parameters.height", used.getHeight(), limits, violations);
        List<String> samplers = model.getSchedulersList();
        boolean known = samplers.contains(used.getScheduler());
        violations.check(known, "parameters.scheduler", oneOf(samplers), used.getScheduler());
    }

    private static void checkSize(String field, int size, VideoLimits limits, Violations violations) {
        String limit = "a multiple of %d from %d to %d pixels"
                .formatted(limits.getSizeMultiple(), limits.getMinSize(), limits.getMaxSize());
        boolean fits =
                size >= limits.getMinSize() && size <= limits.getMaxSize() && size % limits.getSizeMultiple() == 0;
        violations.check(fits, field, limit, size);
    }

    private static void checkFile(
            VideoParameters used, boolean temporalAsked, ListModelsResponse published, Violations violations) {
        int spatial = used.getSpatialFactor();
        violations.check(
                spatial == 1 || spatial == published.getSpatialFactor(),
                "parameters.spatial_factor",
                "1 or " + published.getSpatialFactor(),
                spatial);
        violations.range("parameters.frame_rate", used.getFrameRate(), 1, MAX_FRAME_RATE);
        if (temporalAsked) {
            int fastest = MAX_FRAME_RATE / Math.clamp(used.getFrameRate(), 1, MAX_FRAME_RATE);
            int most = published.hasInterpolator() ? Math.min(MAX_TEMPORAL_FACTOR, fastest) : 1;
            violations.range("parameters.temporal_factor", used.getTemporalFactor(), 1, most);
        }
        violations.range("parameters.quality", used.getQuality(), 1, 100);
    }

    private static String oneOf(List<String> known) {
        return "one of " + String.join(", ", known);
    }
}
