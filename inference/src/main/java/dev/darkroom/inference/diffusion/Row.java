// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import dev.darkroom.inference.onnx.NetworkInput;
import dev.darkroom.inference.tensor.Tensor;
import java.util.Map;
import java.util.Objects;

/**
 * One question to a denoising network: one latent, or one tile of it, at one timestep under one prompt. Rows whose tensors agree in their
 * shapes can share a network call.
 *
 * @param latents (1, C, h, w), scaled for the timestep
 * @param conditions everything else that the network takes, (1, ...) each
 */
public record Row(Tensor latents, float timestep, Map<NetworkInput, Tensor> conditions) {
    public Row {
        conditions = Map.copyOf(conditions);
    }

    /** Returns what this row tells, (1, ...). */
    Tensor condition(NetworkInput input) {
        return Objects.requireNonNull(conditions.get(input), input::toString);
    }

    /** Leaves the values out: they stand for prompts and pixels, which must not reach a log. */
    @Override
    public String toString() {
        return "Row[latents=" + latents + ", timestep=" + timestep + "]";
    }
}
