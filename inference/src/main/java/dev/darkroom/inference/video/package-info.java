// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
/** Clips as files: frames in, an encoded file out, one frame at a time; and frames between frames. */
@NullMarked
package dev.darkroom.inference.video;

import org.jspecify.annotations.NullMarked;
