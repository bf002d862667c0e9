// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

/** Where the last step arrives: at the clean picture, or at the least noise that the model was trained with. */
enum FinalSigma {
    ZERO,
    SIGMA_MIN;

    float of(TrainingSigmas training) {
        return switch (this) {
            case ZERO -> 0;
            case SIGMA_MIN -> training.smallest();
        };
    }
}
