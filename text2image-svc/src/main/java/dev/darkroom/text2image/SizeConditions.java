// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.darkroom.rpc.Violations;
import dev.darkroom.text2image.v1.ImageParameters;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What SDXL is told of a picture's sizes, section 2.2 of Podell et al. 2023 (arXiv:2307.01952), in pixels: before it was scaled, what was cut off, and
 * what it has.
 */
record SizeConditions(
        int originalHeight, int originalWidth, int cropTop, int cropLeft, int targetHeight, int targetWidth) {
    private static final int MAX = 16_384;

    /** Where a request does not say, the picture is what it is, uncropped. */
    static SizeConditions of(ImageParameters parameters, int height, int width) {
        return new SizeConditions(
                parameters.hasOriginalHeight() ? parameters.getOriginalHeight() : height,
                parameters.hasOriginalWidth() ? parameters.getOriginalWidth() : width,
                parameters.getCropTop(),
                parameters.getCropLeft(),
                parameters.hasTargetHeight() ? parameters.getTargetHeight() : height,
                parameters.hasTargetWidth() ? parameters.getTargetWidth() : width);
    }

    /**
     * Refuses what is beyond the limits, and all that was set where nothing of it can be told.
     *
     * @param given as they came
     * @param told whether the model is one that is told sizes
     */
    static void check(String prefix, ImageParameters given, boolean told, Violations violations) {
        set(given).forEach((name, value) -> {
            int min = name.startsWith("crop") ? 0 : 1;
            boolean good = told && value >= min && value <= MAX;
            String limit = told ? min + " to " + MAX : "unset: only SDXL is told sizes";
            violations.check(good, prefix + name, limit, value);
        });
    }

    private static Map<String, Integer> set(ImageParameters given) {
        return given.getAllFields().entrySet().stream()
                .filter(entry -> entry.getKey().getName().matches("(original|crop|target)_.*"))
                .collect(Collectors.toMap(entry -> entry.getKey().getName(), entry -> (Integer) entry.getValue()));
    }

    SizeConditions uncropped() {
        return new SizeConditions(originalHeight, originalWidth, 0, 0, targetHeight, targetWidth);
    }

    void put(ImageParameters.Builder parameters) {
        parameters
                .setOriginalHeight(originalHeight)
                .setOriginalWidth(originalWidth)
                .setCropTop(cropTop)
                .setCropLeft(cropLeft)
                .setTargetHeight(targetHeight)
                .setTargetWidth(targetWidth);
    }

    /** As the other one, under the proto's names. */
    void put(ObjectNode json) {
        json.put("original_height", originalHeight)
                .put("original_width", originalWidth)
                .put("crop_top", cropTop)
                .put("crop_left", cropLeft)
                .put("target_height", targetHeight)
                .put("target_width", targetWidth);
    }
}
