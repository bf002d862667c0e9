// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

import com.fasterxml.jackson.databind.JsonNode;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * Makes a picture what a vision network takes: resize, crop from the centre, scale, normalise, as {@code preprocessor_config.json} says and as
 * transformers' {@code CLIPImageProcessor} (4.57) does it. A missing field means that class's default. Immutable and thread-safe.
 */
public final class ImageProcessor {
    private static final String COMPONENT = "preprocessor";

    /** To what size pictures are brought before the crop. */
    private sealed interface Size {
        /** The shorter side becomes so long, the other one follows. */
        record ShortestEdge(int pixels) implements Size {}

        record Exact(int width, int height) implements Size {}

        record AsItIs() implements Size {}
    }

    private final Size size;
    private final int cropWidth;
    private final int cropHeight;
    private final Resampling resampling;
    private final float[][] values;

    private ImageProcessor(Size size, int cropWidth, int cropHeight, Resampling resampling, float[][] values) {
        this.size = size;
        this.cropWidth = cropWidth;
        this.cropHeight = cropHeight;
        this.resampling = resampling;
        this.values = values;
    }

    /**
     * Reads {@code preprocessor_config.json}.
     *
     * @throws ModelDirectoryException if it asks for what this class does not do
     */
    public static ImageProcessor of(JsonNode config) {
        boolean crops = config.path("do_center_crop").asBoolean(true);
        return new ImageProcessor(
                size(config),
                crops ? crop(config.path("crop_size"), "width") : 0,
                crops ? crop(config.path("crop_size"), "height") : 0,
                resampling(config.path("resample").asInt(Resampling.BICUBIC.code())),
                values(config));
    }

    private static Size size(JsonNode config) {
        JsonNode size = config.path("size");
        if (!config.path("do_resize").asBoolean(true)) {
            return new Size.AsItIs();
        }
        if (size.isMissingNode() || size.isInt() || size.has("shortest_edge")) {
            return new Size.ShortestEdge(
                    positive("size", size.path("shortest_edge").asInt(size.asInt(224))));
        }
        return new Size.Exact(
                positive("size.width", size.path("width").asInt()),
                positive("size.height", size.path("height").asInt()));
    }

    private static int crop(JsonNode crop, String side) {
        return positive("crop_size", crop.path(side).asInt(crop.asInt(crop.isMissingNode() ? 224 : 0)));
    }

    private static int positive(String field, int pixels) {
        if (pixels < 1) {
            throw new ModelDirectoryException(COMPONENT, field, "a number of pixels", "none");
        }
        return pixels;
    }

    private static Resampling resampling(int code) {
        return Arrays.stream(Resampling.values())
                .filter(known -> known.code() == code)
                .findFirst()
                .orElseThrow(() -> new ModelDirectoryException(
                        COMPONENT, "resample", "1, 2 or 3 (Lanczos, bilinear, bicubic)", Integer.toString(code)));
    }

    /** Returns what becomes of each byte of each channel. */
    private static float[][] values(JsonNode config) {
        double factor = config.path("rescale_factor").asDouble(1 / 255.0);
        double scale = config.path("do_rescale").asBoolean(true) ? factor : 1;
        boolean normalises = config.path("do_normalize").asBoolean(true);
        float[] mean = perChannel(config, "image_mean", List.of(0.48145466, 0.4578275, 0.40821073));
        float[] std = perChannel(config, "image_std", List.of(0.26862954, 0.26130258, 0.27577711));
        float[][] values = new float[3][256];
        for (int channel = 0; channel < 3; channel++) {
            for (int level = 0; level < 256; level++) {
                float value = (float) (level * scale);
                values[channel][level] = normalises ? (value - mean[channel]) / std[channel] : value;
            }
        }
        return values;
    }

    private static float[] perChannel(JsonNode config, String field, List<Double> otherwise) {
        JsonNode given = config.path(field);
        if (!given.isMissingNode() && given.size() != 3) {
            throw new ModelDirectoryException(COMPONENT, field, "three numbers", Integer.toString(given.size()));
        }
        float[] channels = new float[3];
        for (int i = 0; i < 3; i++) {
            channels[i] = (float) given.path(i).asDouble(otherwise.get(i));
        }
        return channels;
    }

    /**
     * Refuses to go on unless every picture becomes {@code pixels} wide and high.
     *
     * @throws ModelDirectoryException naming {@code reason}
     */
    public void requireSquare(int pixels, String reason) {
        boolean exact = cropWidth == 0 && size.equals(new Size.Exact(pixels, pixels));
        if (!exact && (cropWidth != pixels || cropHeight != pixels)) {
            throw new ModelDirectoryException(
                    COMPONENT,
                    "crop_size",
                    pixels + " (" + reason + ")",
                    cropWidth == 0 ? size.toString() : cropWidth + " x " + cropHeight);
        }
    }

    /** Returns the picture as (1, 3, height, width). */
    public Tensor pixelValues(RgbImage image) {
        RgbImage resized = switch (size) {
            case Size.AsItIs() -> image;
            case Size.Exact(int width, int height) -> Resize.resize(image, width, height, resampling);
            case Size.ShortestEdge(int pixels) -> shortestEdge(image, pixels);
        };
        return cropWidth == 0 ? crop(resized, resized.width(), resized.height()) : crop(resized, cropWidth, cropHeight);
    }

    private RgbImage shortestEdge(RgbImage image, int pixels) {
        return image.width() <= image.height()
                ? Resize.resize(image, pixels, longer(pixels, image.height(), image.width()), resampling)
                : Resize.resize(image, longer(pixels, image.width(), image.height()), pixels, resampling);
    }

    private static int longer(int pixels, int longer, int shorter) {
        return Math.toIntExact((long) pixels * longer / shorter);
    }

    /** What lies outside of the picture is black. */
    private Tensor crop(RgbImage image, int width, int height) {
        float[] pixels = new float[3 * width * height];
        int left = Math.floorDiv(image.width() - width, 2);
        int top = Math.floorDiv(image.height() - height, 2);
        int to = 0;
        for (int channel = 0; channel < 3; channel++) {
            for (int y = top; y < top + height; y++) {
                for (int x = left; x < left + width; x++) {
                    boolean inside = x >= 0 && y >= 0 && x < image.width() && y < image.height();
                    int level = inside ? image.rgb()[(y * image.width() + x) * 3 + channel] & 0xff : 0;
                    pixels[to++] = values[channel][level];
                }
            }
        }
        return Tensor.of(pixels, 1, 3, height, width);
    }
}
