// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

/**
 * What diffusers' pipeline of a class does where a request does not say.
 *
 * @param strength for requests that bring a picture
 */
record PipelineDefaults(int numInferenceSteps, float guidanceScale, double strength) {}
