// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2video;

import java.util.Locale;

/** The stages of the cascade, in order. */
enum Stage {
    TEXT_ENCODER,
    /** Counts denoising steps. */
    BASE_FRAMES,
    /** Counts frames, as the others below. */
    SPATIAL_SUPER_RESOLUTION,
    TEMPORAL_SUPER_RESOLUTION,
    ENCODING;

    /** Returns what callers read. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
