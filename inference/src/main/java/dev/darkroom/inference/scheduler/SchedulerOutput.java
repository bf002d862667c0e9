// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import dev.darkroom.inference.tensor.Tensor;

/**
 * The result of one step.
 *
 * @param prevSample the latents of the next, less noisy step
 * @param predOriginalSample the noise-free latents that the network seems to have in mind, for previews
 * @param history what the next step has to be given
 */
public record SchedulerOutput(Tensor prevSample, Tensor predOriginalSample, History history) {}
