// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.job;

/**
 * What decides how long a job takes.
 *
 * @param timing what jobs have in common that take as long for the same work: kind, model, size, enlargement; at most 200 characters
 * @param work how much of it, in a unit that only jobs of the same timing share
 */
public record Shape(String timing, double work) {}
