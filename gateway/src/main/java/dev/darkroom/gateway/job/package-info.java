// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
/**
 * Work that outlives its caller: durable before it is acknowledged, run at least once, seen once. What the work is, a {@link
 * dev.darkroom.gateway.job.JobWork} knows.
 */
@NullMarked
package dev.darkroom.gateway.job;

import org.jspecify.annotations.NullMarked;
