// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

import java.util.Arrays;

/** Brings pixels to sRGB. */
interface Colours {
    /** Changes 0xAARRGGBB, or 0xCCMMYYKK of inks, to 0xAARRGGBB in sRGB in place. */
    void toSrgb(int[] pixels);

    /**
     * Returns what an ICC profile says, and without a usable one, what Pillow does.
     *
     * @param components 1 for grey (red, green and blue are equal then), 3 for colours, 4 for inks
     * @param pixels how many {@link #toSrgb} will get
     */
    static Colours of(byte[] profile, int components, int pixels) {
        Colours otherwise = components == 4 ? Colours::inks : Colours::same;
        return profile.length == 0 ? otherwise : IccColours.of(profile, components, pixels, otherwise);
    }

    private static void same(int[] pixels) {
        // without a profile, colours are taken for sRGB
    }

    private static void inks(int[] pixels) {
        Arrays.setAll(pixels, i -> {
            int light = 255 - (pixels[i] & 255);
            int red = lit(pixels[i] >>> 24, light);
            int green = lit(pixels[i] >>> 16 & 255, light);
            return 0xff000000 | red << 16 | green << 8 | lit(pixels[i] >>> 8 & 255, light);
        });
    }

    private static int lit(int ink, int light) {
        return light - (ink * light + 127) / 255;
    }
}
