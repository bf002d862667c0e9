// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

/**
 * Distances between two sets of pictures, by what a network sees in them. {@link dev.darkroom.evaluation.feature.FeatureStatistics} and
 * {@link dev.darkroom.evaluation.feature.FeatureReservoir} are fed one picture at a time; the metrics read from these.
 */
@NullMarked
package dev.darkroom.evaluation.feature;

import org.jspecify.annotations.NullMarked;
