// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

import java.nio.charset.StandardCharsets;
import java.util.List;

/** Decodes PNG files that may come from anybody, together with what {@link PngWriter} put into them. Thread-safe. */
public final class PngReader {
    /** Compressed text is not looked at. Keyword, 0, compression flag, method, language, 0, translated keyword, 0, text. */
    private static final String TEXT_PREFIX = PngWriter.KEYWORD + "\0\0\0\0\0";

    private PngReader() {}

    /**
     * A decoded file.
     *
     * @param image as {@link ImageDecoder} gives it
     * @param parametersJson the text that {@link PngWriter} put in; empty if there is none
     */
    public record Picture(RgbImage image, String parametersJson) {}

    /**
     * Decodes a whole file.
     *
     * @throws UnreadableImageException if it is no intact PNG, or has more than {@code maxPixels} pixels
     */
    public static Picture decode(byte[] file, long maxPixels) {
        requirePng(file, maxPixels);
        RgbImage image = ImageDecoder.decode(file, new ImageLimits(1, Integer.MAX_VALUE, Integer.MAX_VALUE))
                .image();
        return new Picture(image, parametersJson(file));
    }

    private static void requirePng(byte[] file, long maxPixels) {
        if (file.length == 0 || ImageFormat.of(file) != ImageFormat.PNG) {
            throw new UnreadableImageException("a PNG", "something else");
        }
        PngFile png = PngFile.open(file);
        if (Math.multiplyFull(png.width(), png.height()) > maxPixels) {
            throw new UnreadableImageException(
                    "of at most " + maxPixels + " pixels", png.width() + " x " + png.height());
        }
    }

    /** Returns what {@link PngWriter} put into a file that {@link ImageDecoder} takes; empty if there is nothing, as in other formats. */
    public static String parametersJson(byte[] file) {
        return ImageFormat.of(file) == ImageFormat.PNG ? text(PngFile.open(file).chunks()) : "";
    }

    private static String text(List<PngFile.Chunk> chunks) {
        return chunks.stream()
                .filter(chunk -> chunk.type().equals("iTXt"))
                .map(chunk -> StandardCharsets.UTF_8
                        .decode(chunk.content().duplicate())
                        .toString())
                .filter(content -> content.startsWith(TEXT_PREFIX))
                .findFirst()
                .map(content -> content.substring(TEXT_PREFIX.length()))
                .orElse("");
    }
}
