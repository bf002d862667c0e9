// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.inference.scheduler.Schedule;

/**
 * One denoising loop of a request.
 *
 * @param stage what it is called: "denoise" or "refine"
 * @param steps the part of the schedule that it makes
 */
record Loop(String stage, Schedule schedule, Steps steps) {}
