// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.feature;

/** What a covariance's sum of products is divided by. */
public enum Divisor {
    /** The number of samples: FVD in StyleGAN-V and cd-fvd. */
    N,
    /** One less: FID in pytorch-fid, clean-fid and torch-fidelity. */
    N_MINUS_1
}
