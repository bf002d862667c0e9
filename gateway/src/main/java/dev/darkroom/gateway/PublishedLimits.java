// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.rpc.Violations;
import dev.darkroom.text2image.v1.ImageLimits;
import dev.darkroom.text2image.v1.ImageModel;
import dev.darkroom.text2image.v1.ImageParameters;
import java.util.List;

/** The limits of {@code text2image.proto} and of {@code ListModels}, for all parameters but the two texts. */
final class PublishedLimits {
    /** The one scheduler that takes an eta above 0. */
    private static final String STOCHASTIC = "ddim";

    private PublishedLimits() {}

    /** Adds what is wrong with parameters under the limits of the model that they name, or of the first one. */
    static void check(ImageParameters parameters, List<ImageModel> models, Violations violations) {
        checkNumbers(parameters, violations);
        String name = parameters.getModel();
        List<String> known = models.stream().map(ImageModel::getName).toList();
        if (known.isEmpty()
                || !violations.check(name.isEmpty() || known.contains(name), "parameters.model", oneOf(known), name)) {
            return;
        }
        ImageModel model = models.get(Math.max(0, known.indexOf(name)));
        checkSizes(parameters, model.getLimits(), violations);
        checkScheduler(parameters, model, violations);
    }

    private static void checkNumbers(ImageParameters parameters, Violations violations) {
        violations.range("parameters.guidance_scale", parameters.getGuidanceScale(), 0.0, 50.0);
        violations.range("parameters.guidance_rescale", parameters.getGuidanceRescale(), 0.0, 1.0);
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
        if (parameters.hasWidth()) {
            checkSize("parameters.width", parameters.getWidth(), limits, violations);
        }
        if (parameters.hasHeight()) {
            checkSize("parameters.height", parameters.getHeight(), limits, violations);
        }
    }

    private static void checkSize(String field, int size, ImageLimits limits, Violations violations) {
        boolean fits =
                size >= limits.getMinSize() && size <= limits.getMaxSize() && size % limits.getSizeMultiple() == 0;
        String limit = "a multiple of %d from %d to %d pixels"
                .formatted(limits.getSizeMultiple(), limits.getMinSize(), limits.getMaxSize());
        violations.check(fits, field, limit, size);
    }

    private static void checkScheduler(ImageParameters parameters, ImageModel model, Violations violations) {
        List<String> known = model.getSchedulersList();
        String named = parameters.getScheduler();
        violations.check(named.isEmpty() || known.contains(named), "parameters.scheduler", oneOf(known), named);
        String used = named.isEmpty() ? model.getDefaults().getScheduler() : named;
        violations.range("parameters.eta", parameters.getEta(), 0, STOCHASTIC.equals(used) ? 1 : 0);
    }

    private static String oneOf(List<String> known) {
        return "one of " + String.join(", ", known);
    }
}
