// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

/** What a command made, for people and for programs. */
sealed interface Report
        permits ImageReport,
                UpscaleReport,
                CaptionReport,
                ScoreReport,
                EvaluationReport,
                ResultComparison,
                VideoReport {
    /** Lines that end in a line break. */
    String text();

    /** One object. */
    String json();
}
