// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

/**
 * One bad field of a request.
 *
 * @param field path of proto names, for instance {@code parameters.num_inference_steps}
 * @param description what the field must be and what it was; shown to the caller, so it never holds a prompt
 */
public record Violation(String field, String description) {}
