// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

/** The arithmetic of VBench (Huang et al. 2024, arXiv:2311.17982); what its networks see comes in from outside. */
@NullMarked
package dev.darkroom.evaluation.video;

import org.jspecify.annotations.NullMarked;
