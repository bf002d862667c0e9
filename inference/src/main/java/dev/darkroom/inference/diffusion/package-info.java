// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
/**
 * What latent diffusion pipelines share: guidance, the seam to the network, work in tiles, and the upscaler.
 * {@link dev.darkroom.inference.diffusion.UpscalePipeline} is the algorithm.
 */
@NullMarked
package dev.darkroom.inference.diffusion;

import org.jspecify.annotations.NullMarked;
