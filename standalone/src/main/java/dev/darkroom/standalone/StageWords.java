// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import dev.darkroom.media.v1.StageTime;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** The parts of the work as people read them. */
final class StageWords {
    private static final Map<String, String> WORDS = Map.of(
            "text_encoder", "text",
            "vae_decoder", "decode",
            "check_output", "check result",
            "spatial_super_resolution", "enlarge",
            "temporal_super_resolution", "frames between");

    private StageWords() {}

    static String of(String stage) {
        return WORDS.getOrDefault(stage, stage.replace('_', ' '));
    }

    static String steps(int count) {
        return count == 1 ? "1 step" : count + " steps";
    }

    /** One line without its end: what each part took, and all of it as this command saw it. */
    static String of(List<StageTime> times, long millis) {
        String parts = times.stream()
                .map(time -> String.format(Locale.ROOT, "%s %.2f s", of(time.getStage()), time.getMillis() / 1e3))
                .collect(Collectors.joining(", "));
        String all = String.format(Locale.ROOT, "%.1f s", millis / 1e3);
        return parts.isEmpty() ? all : parts + "; " + all + " in all";
    }
}
