// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

import com.fasterxml.jackson.databind.JsonNode;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.tensor.Tensor;
import java.util.List;

/**
 * Makes a picture what a vision network takes: resize, crop from the centre, scale, normalise, pad, as {@code preprocessor_config.json}
 * says and as transformers' image processors (4.57, those that work with Pillow) do it. A missing field means the default of the class
 * that the file names; a field that this class would not know is followed all the same. Immutable and thread-safe.
 */
public final class ImageProcessor {
    private static final String COMPONENT = "preprocessor";

    /** Steps that change pictures, and are not done here. */
    private static final List<String> NOT_DONE =
            List.of("do_flip_channel_order", "do_thumbnail", "do_align_long_axis", "do_image_splitting");

    /** To what size pictures are brought before the crop. */
    private sealed interface Size {
        /** The shorter side becomes so long, the other one follows; both become shorter where that would be longer than the longest. */
        record Edges(int shortest, int longest) implements Size {}

        record Exact(int width, int height) implements Size {}

        record AsItIs() implements Size {}
    }

    /** What the values are padded to, with zeros on the right and below: a size, and multiples of a number. */
    private record Padding(int width, int height, int divisor) {}

    private final Size size;
    private final int cropWidth;
    private final int cropHeight;
    private final Resampling resampling;
    private final float[][] values;
    private final Padding padding;

    private ImageProcessor(JsonNode config, ProcessorClass named) {
        boolean crops = config.path("do_center_crop").asBoolean(named.crop() > 0);
        this.size = size(config, named);
        this.cropWidth = crops ? side(config, "crop_size", "width", named.crop()) : 0;
        this.cropHeight = crops ? side(config, "crop_size", "height", named.crop()) : 0;
        this.resampling =
                config.has("resample") ? resampling(config.path("resample").asInt(-1)) : named.resampling();
        this.values = values(config, named);
        this.padding = padding(config);
    }

    /**
     * Reads {@code preprocessor_config.json}.
     *
     * @param otherwise the class of a file that names none, as old ones do: {@code ViTImageProcessor}, say
     * @throws ModelDirectoryException if it asks for what is not done here
     */
    public static ImageProcessor of(JsonNode config, String otherwise) {
        for (String step : NOT_DONE) {
            if (config.path(step).asBoolean(false)) {
                throw new ModelDirectoryException(COMPONENT, step, "false", "true");
            }
        }
        return new ImageProcessor(config, ProcessorClass.of(config, otherwise));
    }

    private static Size size(JsonNode config, ProcessorClass named) {
        JsonNode size = config.path("size");
        if (!config.path("do_resize").asBoolean(true)) {
            return new Size.AsItIs();
        }
        boolean edges = size.has("shortest_edge") || (!size.isObject() && named.edges());
        if (!edges) {
            return new Size.Exact(
                    side(config, "size", "width", named.size()), side(config, "size", "height", named.size()));
        }
        int longest = size.path("longest_edge").asInt(size.isMissingNode() ? named.longest() : Integer.MAX_VALUE);
        return new Size.Edges(
                side(config, "size", "shortest_edge", named.size()), positive("size.longest_edge", longest));
    }

    /** A number stands for both sides. */
    private static int side(JsonNode config, String field, String side, int otherwise) {
        JsonNode size = config.path(field);
        int pixels = size.isMissingNode() ? otherwise : size.path(side).asInt(size.asInt());
        return positive(size.isObject() ? field + "." + side : field, pixels);
    }

    private static int positive(String field, int pixels) {
        if (pixels < 1) {
            throw new ModelDirectoryException(COMPONENT, field, "a number of pixels", "none");
        }
        return pixels;
    }

    private static Resampling resampling(int code) {
        Resampling[] known = Resampling.values();
        if (code < 0 || code >= known.length) {
            throw new ModelDirectoryException(
                    COMPONENT, "resample", "0 to 5, a filter of Pillow", Integer.toString(code));
        }
        return known[code];
    }

    /** Without a size a picture is padded to the largest of its batch, which is itself. */
    private static Padding padding(JsonNode config) {
        boolean pads = config.path("do_pad").asBoolean(true);
        boolean toSize = pads && config.path("pad_size").isObject();
        int divisor = pads ? config.path("size_divisor").asInt(1) : 1;
        return new Padding(
                toSize ? side(config, "pad_size", "width", 0) : 0,
                toSize ? side(config, "pad_size", "height", 0) : 0,
                positive("size_divisor", divisor));
    }

    /** Returns what becomes of each byte of each channel. */
    private static float[][] values(JsonNode config, ProcessorClass named) {
        double factor = config.path("rescale_factor").asDouble(1 / 255.0);
        double scale = config.path("do_rescale").asBoolean(true) ? factor : 1;
        boolean normalises = config.path("do_normalize").asBoolean(true);
        float[] mean = perChannel(config, "image_mean", named.mean());
        float[] std = perChannel(config, "image_std", named.std());
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
        if (!given.isMissingNode() && !given.isNumber() && given.size() != 3) {
            throw new ModelDirectoryException(COMPONENT, field, "three numbers", Integer.toString(given.size()));
        }
        float[] channels = new float[3];
        for (int i = 0; i < 3; i++) {
            channels[i] = (float) (given.isNumber() ? given : given.path(i)).asDouble(otherwise.get(i));
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
        if (padding.width > 0 || pixels % padding.divisor > 0) {
            throw new ModelDirectoryException(COMPONENT, "do_pad", "false (" + reason + ")", "true");
        }
    }

    /**
     * Returns the picture as (1, 3, height, width).
     *
     * @throws IllegalArgumentException if it is larger than what it is to be padded to
     */
    public Tensor pixelValues(RgbImage image) {
        RgbImage resized = switch (size) {
            case Size.AsItIs() -> image;
            case Size.Exact(int width, int height) -> Resize.resize(image, width, height, resampling);
            case Size.Edges edges -> edges(image, edges);
        };
        return cropWidth == 0 ? crop(resized, resized.width(), resized.height()) : crop(resized, cropWidth, cropHeight);
    }

    /** As transformers' {@code get_size_with_aspect_ratio}, whose whole numbers are cut off but for one, which is rounded half to even. */
    private RgbImage edges(RgbImage image, Size.Edges edges) {
        int shorter = Math.min(image.width(), image.height());
        int longer = Math.max(image.width(), image.height());
        double shortest = edges.shortest;
        if ((double) longer / shorter * shortest > edges.longest) {
            shortest = (double) edges.longest * shorter / longer;
        }
        int newShorter = Math.max(1, (int) Math.rint(shortest));
        int newLonger = shorter == newShorter ? longer : Math.max(1, (int) (shortest * longer / shorter));
        return image.width() <= image.height()
                ? Resize.resize(image, newShorter, newLonger, resampling)
                : Resize.resize(image, newLonger, newShorter, resampling);
    }

    private static int padded(int cropped, int least, int divisor) {
        if (least > 0 && cropped > least) {
            throw new IllegalArgumentException(cropped + " pixels, to be padded to " + least);
        }
        return Math.ceilDiv(Math.max(cropped, least), divisor) * divisor;
    }

    /** What lies outside of the picture is black. */
    private Tensor crop(RgbImage image, int width, int height) {
        int rowLength = padded(width, padding.width, padding.divisor);
        int rows = padded(height, padding.height, padding.divisor);
        float[] pixels = new float[3 * rowLength * rows];
        int left = Math.floorDiv(image.width() - width, 2);
        int top = Math.floorDiv(image.height() - height, 2);
        for (int channel = 0; channel < 3; channel++) {
            for (int y = top; y < top + height; y++) {
                int to = (channel * rows + y - top) * rowLength;
                for (int x = left; x < left + width; x++) {
                    boolean inside = x >= 0 && y >= 0 && x < image.width() && y < image.height();
                    int level = inside ? image.rgb()[(y * image.width() + x) * 3 + channel] & 0xff : 0;
                    pixels[to++] = values[channel][level];
                }
            }
        }
        return Tensor.of(pixels, 1, 3, rows, rowLength);
    }
}
