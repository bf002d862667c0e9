// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
/**
 * Noise schedulers: from what a network predicts at one step to the latents of the next. One algorithm per file; each is
 * numerically equal to the diffusers class of the same configuration, which {@code SchedulerContractTest} holds to recorded numbers.
 */
@NullMarked
package dev.darkroom.inference.scheduler;

import org.jspecify.annotations.NullMarked;
