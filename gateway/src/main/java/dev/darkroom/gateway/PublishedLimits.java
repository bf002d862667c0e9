// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.rpc.Fault;
import dev.darkroom.rpc.Violations;
import dev.darkroom.text2image.v1.ImageLimits;
import dev.darkroom.text2image.v1.ImageModel;
import dev.darkroom.text2image.v1.ImageParameters;
import dev.darkroom.text2image.v1.ListModelsResponse;
import dev.darkroom.text2image.v1.UpscaleModel;
import dev.darkroom.text2image.v1.UpscaleParameters;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The limits of {@code text2image.proto} and of {@code ListModels}, for all parameters but the texts. */
final class PublishedLimits {
    /** The schedulers that take an eta above 0. */
    private static final Set<String> STOCHASTIC = Set.of("ddim", "tcd");

    private static final double MAX_GUIDANCE_SCALE = 50;

    private PublishedLimits() {}

    /** Returns the image model with that name, the first one where it is empty; none where that is not loaded. */
    static Optional<ImageModel> model(String name, ListModelsResponse published) {
        return published.getModelsList().stream()
                .filter(model -> name.isEmpty() || name.equals(model.getName()))
                .findFirst();
    }

    /**
     * Returns the upscaler with that name, the first one where it is empty; none where that is not loaded.
     *
     * @param field that holds the name; a violation is added where others were before
     * @throws Fault.NotFound MODEL_UNKNOWN, if it is not loaded and nothing else was found to be wrong
     */
    static Optional<UpscaleModel> upscaler(
            String field, String name, ListModelsResponse published, Violations violations) {
        List<UpscaleModel> upscalers = published.getUpscalersList();
        Optional<UpscaleModel> found = upscalers.stream()
                .filter(upscaler -> name.isEmpty() || name.equals(upscaler.getName()))
                .findFirst();
        if (found.isEmpty()) {
            List<String> known = upscalers.stream().map(UpscaleModel::getName).toList();
            if (violations.isEmpty()) {
                throw new Fault.NotFound("MODEL_UNKNOWN", "upscaler", name, known);
            }
            violations.add(field, oneOf(known), name);
        }
        return found;
    }

    /** Adds what is wrong with parameters under the limits of the model that they name, or of the first one. */
    static void check(ImageParameters parameters, ListModelsResponse published, Violations violations) {
        checkNumbers(parameters, violations);
        List<String> known =
                published.getModelsList().stream().map(ImageModel::getName).toList();
        Optional<ImageModel> model = model(parameters.getModel(), published);
        if (model.isPresent()) {
            checkSizes(parameters, model.get().getLimits(), violations);
            checkScheduler(parameters, model.get(), violations);
        } else if (!known.isEmpty()) {
            violations.add("parameters.model", oneOf(known), parameters.getModel());
        }
    }

    /**
     * Adds what is wrong with parameters under the limits of an upscaler.
     *
     * @param prefix of the fields, ends in a dot
     */
    static void check(String prefix, UpscaleParameters parameters, UpscaleModel upscaler, Violations violations) {
        violations.range(prefix + "guidance_scale", parameters.getGuidanceScale(), 0.0, MAX_GUIDANCE_SCALE);
        if (parameters.hasNumInferenceSteps()) {
            int max = upscaler.getLimits().getMaxNumInferenceSteps();
            violations.range(prefix + "num_inference_steps", parameters.getNumInferenceSteps(), 1, max);
        }
        int maxNoise = upscaler.getLimits().getMaxNoiseLevel();
        violations.range(prefix + "noise_level", parameters.getNoiseLevel(), 0, maxNoise);
        List<String> known = upscaler.getSchedulersList();
        String named = parameters.getScheduler();
        String used = named.isEmpty() ? upscaler.getDefaults().getScheduler() : named; // empty: its own is not there
        violations.check(known.contains(used), prefix + "scheduler", oneOf(known), named);
    }

    /** Whether a model draws pictures of that width or height. */
    static boolean fits(int size, ImageLimits limits) {
        return size >= limits.getMinSize() && size <= limits.getMaxSize() && size % limits.getSizeMultiple() == 0;
    }

    private static void checkNumbers(ImageParameters parameters, Violations violations) {
        violations.range("parameters.guidance_scale", parameters.getGuidanceScale(), 0.0, MAX_GUIDANCE_SCALE);
        violations.range("parameters.guidance_rescale", parameters.getGuidanceRescale(), 0.0, 1.0);
        violations.range("parameters.guidance_start", parameters.getGuidanceStart(), 0.0, 1.0);
        if (parameters.hasGuidanceEnd()) {
            double start = Math.clamp(parameters.getGuidanceStart(), 0.0, 1.0);
            violations.range("parameters.guidance_end", parameters.getGuidanceEnd(), start, 1.0);
        }
    }

    private static void checkSizes(ImageParameters parameters, ImageLimits limits, Violations violations) {
        if (parameters.hasNumInferenceSteps()) {
            int steps = parameters.getNumInferenceSteps();
            violations.range("parameters.num_inference_steps", steps, 1, limits.getMaxNumInferenceSteps());
        }
        if (parameters.hasNumImagesPerPrompt()) {
            int images = parameters.getNumImagesPerPrompt();
            violations.range("parameters.num_images_per_prompt", images, 1, limits.getMaxNumImagesPerPrompt());
        }
        violations.range("parameters.clip_skip", parameters.getClipSkip(), 0, limits.getMaxClipSkip());
        if (parameters.hasWidth()) {
            checkSize("parameters.width", parameters.getWidth(), limits, violations);
        }
        if (parameters.hasHeight()) {
            checkSize("parameters.height", parameters.getHeight(), limits, violations);
        }
    }

    private static void checkSize(String field, int size, ImageLimits limits, Violations violations) {
        String limit = "a multiple of %d from %d to %d pixels"
                .formatted(limits.getSizeMultiple(), limits.getMinSize(), limits.getMaxSize());
        violations.check(fits(size, limits), field, limit, size);
    }

    private static void checkScheduler(ImageParameters parameters, ImageModel model, Violations violations) {
        List<String> known = model.getSchedulersList();
        String named = parameters.getScheduler();
        violations.check(named.isEmpty() || known.contains(named), "parameters.scheduler", oneOf(known), named);
        String used = named.isEmpty() ? model.getDefaults().getScheduler() : named;
        violations.range("parameters.eta", parameters.getEta(), 0, STOCHASTIC.contains(used) ? 1 : 0);
    }

    private static String oneOf(List<String> known) {
        return "one of " + String.join(", ", known);
    }
}
