// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import dev.darkroom.gateway.v1.ListModelsResponse;
import dev.darkroom.text2image.v1.ImageModel;
import dev.darkroom.text2image.v1.ImageParameters;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What {@code --size} stands for: how often the picture that the model draws is enlarged. */
final class FinalSize {
    private static final int MAX_FACTOR = 16;
    private static final int USUAL_SCALE = 4; // where no upscaler is loaded, which the gateway says better

    private FinalSize() {}

    /**
     * Returns the upscale factor that makes the longer side of the picture {@code size} pixels long.
     *
     * @param asked width and height of what is drawn; the model's where they are left out
     * @throws IllegalArgumentException naming the sizes that there are
     */
    static int factor(int size, ImageParameters asked, ListModelsResponse models) {
        ImageModel model = model(asked, models);
        int drawn = Math.max(
                asked.hasWidth() ? asked.getWidth() : model.getDefaults().getWidth(),
                asked.hasHeight() ? asked.getHeight() : model.getDefaults().getHeight());
        if (drawn <= 0) {
            return 1; // an unknown model, or a side that is none: the gateway says what is wrong
        }
        List<Integer> factors = factors(models);
        return factors.stream()
                .filter(factor -> factor * drawn == size)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("--size " + size + ": the model draws " + drawn
                        + " pixels, which can become "
                        + factors.stream()
                                .map(factor -> String.valueOf(factor * drawn))
                                .collect(Collectors.joining(", "))));
    }

    /** Returns the model that is asked for; one without limits if there is none. */
    static ImageModel model(ImageParameters asked, ListModelsResponse models) {
        return models.getImageModelsList().stream()
                .filter(it -> asked.getModel().isEmpty() || asked.getModel().equals(it.getName()))
                .findFirst()
                .orElse(ImageModel.getDefaultInstance());
    }

    private static List<Integer> factors(ListModelsResponse models) {
        int scale = models.getUpscaleModelsCount() == 0
                ? USUAL_SCALE
                : Math.max(2, models.getUpscaleModels(0).getScaleFactor());
        return IntStream.iterate(1, factor -> factor <= MAX_FACTOR, factor -> factor * scale)
                .boxed()
                .toList();
    }
}
