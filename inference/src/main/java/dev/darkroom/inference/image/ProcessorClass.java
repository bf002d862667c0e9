// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

import com.fasterxml.jackson.databind.JsonNode;
import dev.darkroom.inference.ModelDirectoryException;
import java.util.Arrays;
import java.util.List;

/** The image processors of transformers that are known here, with their defaults (4.57); {@code ...Fast} and the old {@code ...FeatureExtractor} mean the same. */
enum ProcessorClass {
    CLIP("CLIP", true, 224, Integer.MAX_VALUE, 224, Resampling.BICUBIC, Channels.CLIP),
    CHINESE_CLIP("ChineseCLIP", true, 224, Integer.MAX_VALUE, 224, Resampling.BICUBIC, Channels.CLIP),
    BIT("Bit", true, 224, Integer.MAX_VALUE, 224, Resampling.BICUBIC, Channels.CLIP),
    VIT("ViT", false, 224, Integer.MAX_VALUE, 0, Resampling.BILINEAR, Channels.HALVES),
    DEIT("DeiT", false, 256, Integer.MAX_VALUE, 224, Resampling.BICUBIC, Channels.HALVES),
    BLIP("Blip", false, 384, Integer.MAX_VALUE, 0, Resampling.BICUBIC, Channels.CLIP),
    SIGLIP("Siglip", false, 224, Integer.MAX_VALUE, 0, Resampling.BICUBIC, Channels.HALVES),
    DETR("Detr", true, 800, 1333, 0, Resampling.BILINEAR, Channels.IMAGENET);

    private static final List<String> ENDINGS = List.of("ImageProcessor", "ImageProcessorFast", "FeatureExtractor");

    /** Of red, green and blue. */
    private enum Channels {
        CLIP,
        HALVES,
        IMAGENET;

        List<Double> mean() {
            return switch (this) {
                case CLIP -> List.of(0.48145466, 0.4578275, 0.40821073);
                case HALVES -> List.of(0.5, 0.5, 0.5);
                case IMAGENET -> List.of(0.485, 0.456, 0.406);
            };
        }

        List<Double> std() {
            return switch (this) {
                case CLIP -> List.of(0.26862954, 0.26130258, 0.27577711);
                case HALVES -> List.of(0.5, 0.5, 0.5);
                case IMAGENET -> List.of(0.229, 0.224, 0.225);
            };
        }
    }

    private final String start;
    private final boolean edges;
    private final int size;
    private final int longest;
    private final int crop;
    private final Resampling resampling;
    private final Channels channels;

    ProcessorClass(
            String start, boolean edges, int size, int longest, int crop, Resampling resampling, Channels channels) {
        this.start = start;
        this.edges = edges;
        this.size = size;
        this.longest = longest;
        this.crop = crop;
        this.resampling = resampling;
        this.channels = channels;
    }

    /** Returns the class that a file names under its new or its old key. */
    static ProcessorClass of(JsonNode config, String otherwise) {
        String old = config.path("feature_extractor_type").asText(otherwise);
        String name = config.path("image_processor_type").asText(old);
        return Arrays.stream(values())
                .filter(known -> ENDINGS.stream().anyMatch(ending -> name.equals(known.start + ending)))
                .findFirst()
                .orElseThrow(() -> new ModelDirectoryException(
                        "preprocessor",
                        "image_processor_type",
                        "one of "
                                + Arrays.stream(values())
                                        .map(known -> known.start + "ImageProcessor")
                                        .toList(),
                        name));
    }

    /** Tells whether a size that is a number means the shorter side, instead of both. */
    boolean edges() {
        return edges;
    }

    int size() {
        return size;
    }

    int longest() {
        return longest;
    }

    /** Returns the side of the crop, 0 for none. */
    int crop() {
        return crop;
    }

    Resampling resampling() {
        return resampling;
    }

    List<Double> mean() {
        return channels.mean();
    }

    List<Double> std() {
        return channels.std();
    }
}
