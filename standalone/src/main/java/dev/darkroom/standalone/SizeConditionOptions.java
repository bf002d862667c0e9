// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import dev.darkroom.text2image.v1.ImageParameters;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What SDXL is told of a picture's sizes. */
final class SizeConditionOptions {
    @Option(
            names = "--original-height",
            description =
                    "SDXL: pixels that the picture is said to have had before it was scaled. Default: its height.")
    private @Nullable Integer originalHeight;

    @Option(names = "--original-width", description = "SDXL: as --original-height. Default: its width.")
    private @Nullable Integer originalWidth;

    @Option(names = "--crop-top", description = "SDXL: pixels that are said to be cut off above. Default: 0.")
    private @Nullable Integer cropTop;

    @Option(names = "--crop-left", description = "SDXL: pixels that are said to be cut off on the left. Default: 0.")
    private @Nullable Integer cropLeft;

    @Option(
            names = "--target-height",
            description = "SDXL: pixels that the picture is said to have. Default: its height.")
    private @Nullable Integer targetHeight;

    @Option(names = "--target-width", description = "SDXL: as --target-height. Default: its width.")
    private @Nullable Integer targetWidth;

    void put(ImageParameters.Builder parameters) {
        Given.use(originalHeight, parameters::setOriginalHeight);
        Given.use(originalWidth, parameters::setOriginalWidth);
        Given.use(cropTop, parameters::setCropTop);
        Given.use(cropLeft, parameters::setCropLeft);
        Given.use(targetHeight, parameters::setTargetHeight);
        Given.use(targetWidth, parameters::setTargetWidth);
    }
}
