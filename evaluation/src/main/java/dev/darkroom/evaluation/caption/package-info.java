// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

/**
 * Captions against what people wrote. {@link dev.darkroom.evaluation.caption.PtbTokenizer} makes tokens,
 * {@link dev.darkroom.evaluation.caption.CaptionScores} has every metric of them.
 */
@NullMarked
package dev.darkroom.evaluation.caption;

import org.jspecify.annotations.NullMarked;
