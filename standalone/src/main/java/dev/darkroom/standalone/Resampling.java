// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import java.awt.Graphics2D;
import java.awt.Image;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;

/** Pictures in other sizes: smaller ones by averaging areas, larger ones bicubically. */
final class Resampling {
    private Resampling() {}

    /** Returns a picture in that many pixels, without transparency. */
    static BufferedImage to(BufferedImage picture, int width, int height) {
        BufferedImage scaled = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = scaled.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BICUBIC);
        boolean smaller = width < picture.getWidth() || height < picture.getHeight();
        Image source = smaller ? picture.getScaledInstance(width, height, Image.SCALE_AREA_AVERAGING) : picture;
        graphics.drawImage(source, 0, 0, width, height, null);
        graphics.dispose();
        return scaled;
    }
}
