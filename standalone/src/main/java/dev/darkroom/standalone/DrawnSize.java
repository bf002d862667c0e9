// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import dev.darkroom.text2image.v1.ImageModel;
import dev.darkroom.text2image.v1.ImageParameters;

/** What is drawn over a picture: it keeps the picture's proportions, in the size that the model was made for. */
final class DrawnSize {
    private DrawnSize() {}

    /**
     * Sets width and height to those of the picture, scaled until its longer side is the model's own.
     *
     * @param width of the picture, in pixels
     * @param height of the picture, in pixels
     */
    static void fit(int width, int height, ImageModel model, ImageParameters.Builder parameters) {
        int longer =
                Math.max(model.getDefaults().getWidth(), model.getDefaults().getHeight());
        double scale = (double) longer / Math.max(width, height);
        parameters.setWidth(side(width * scale, model)).setHeight(side(height * scale, model));
    }

    private static int side(double pixels, ImageModel model) {
        int multiple = Math.max(1, model.getLimits().getSizeMultiple());
        int least = Math.max(multiple, model.getLimits().getMinSize());
        return Math.max(least, Math.toIntExact(Math.round(pixels / multiple)) * multiple);
    }
}
