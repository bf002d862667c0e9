// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import dev.darkroom.inference.onnx.TensorSpec.ElementType;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * What a denoising network is told, one constant for each meaning, whatever an export calls it. N is the number of rows; "floats" below
 * means float16, float32 or float64, in which values always arrive as float32 tensors.
 */
public enum NetworkInput {
    /**
     * (N, C, h, w) floats: latents, scaled for the timestep; of an upscaler with the small picture's channels after them; of a video (N, C, F, h, w)
     * with F frames.
     */
    LATENTS(GraphCheck.FLOATS, 4, "sample", "hidden_states"),
    /** One number for each row, in any type; see {@link TimestepForm}. */
    TIMESTEP(EnumSet.allOf(ElementType.class), 1, "timestep"),
    /** (N, L, D) floats. */
    PROMPT_EMBEDS(GraphCheck.FLOATS, 3, "encoder_hidden_states"),
    /** (N, L): 1 for a token of the prompt, 0 for padding. */
    PROMPT_MASK(EnumSet.complementOf(EnumSet.of(ElementType.FLOAT64)), 2, "encoder_attention_mask"),
    /** (N, P) floats: the prompt as a whole. */
    POOLED_PROMPT_EMBEDS(GraphCheck.FLOATS, 2, "text_embeds"),
    /** (N, 6) or (N, 5) floats: sizes in pixels and what else SDXL was told of its training pictures. */
    TIME_IDS(EnumSet.allOf(ElementType.class), 2, "time_ids"),
    /** (N, E) floats: the guidance scale as an embedding, for networks that were distilled with guidance. */
    GUIDANCE_EMBEDDING(GraphCheck.FLOATS, 2, "timestep_cond"),
    /** (N, 2) floats: height and width in pixels. */
    RESOLUTION(GraphCheck.FLOATS, 2, "resolution"),
    /** (N, 1) floats: height divided by width. */
    ASPECT_RATIO(GraphCheck.FLOATS, 2, "aspect_ratio"),
    /** One whole number for each row: the noise of the small picture, as a timestep. */
    NOISE_LEVEL(GraphCheck.INTEGERS, 1, "class_labels");

    @SuppressWarnings("ImmutableEnumChecker") // never written to
    private final Set<ElementType> types;

    private final int rank;

    @SuppressWarnings("ImmutableEnumChecker") // unmodifiable
    private final List<String> names;

    NetworkInput(Set<ElementType> types, int rank, String... names) {
        this.types = types;
        this.rank = rank;
        this.names = List.of(names);
    }

    Set<ElementType> types() {
        return types;
    }

    /** Returns the ranks that a graph may give it: a number for each row may also be one number for all, latents may have frames. */
    int[] ranks() {
        return switch (rank) {
            case 1 -> new int[] {0, 1};
            case 4 -> new int[] {4, 5};
            default -> new int[] {rank};
        };
    }

    /** Returns what exports call it, Optimum's name first. */
    List<String> names() {
        return names;
    }
}
