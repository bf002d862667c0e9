// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

/** What sees pictures: the networks whose features the metrics compare, and the files that are shown to them. */
@NullMarked
package dev.darkroom.evaluation.network;

import org.jspecify.annotations.NullMarked;
