// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.generation;

/** When a beam search is over: {@code early_stopping} of transformers. */
public enum EarlyStopping {
    /** As soon as there are as many finished captions as beams. */
    TRUE,
    /** When the best running beam, scored at its present length, could not replace the worst finished caption. */
    FALSE,
    /** When it could not at any length. */
    NEVER
}
