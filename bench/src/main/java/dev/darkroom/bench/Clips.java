// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.bench;

import dev.darkroom.media.v1.StageTime;
import dev.darkroom.text2video.v1.VideoParameters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "clips",
        description =
                "Where the time of a clip goes, when its first preview comes, and peak resident memory, for each number of base frames; medians.")
final class Clips implements Callable<Integer> {

    @Option(names = "--rounds", defaultValue = "3")
    private int rounds;

    @Option(names = "--frames", split = ",", defaultValue = "16,80", description = "Base frames, fewest first.")
    private List<Integer> frames = List.of();

    @Override
    public Integer call() throws IOException {
        try (PictureMaker maker = new PictureMaker()) {
            var _ = maker.clip(parameters(0, frames.getFirst())); // to warm up
            for (int numFrames : frames) {
                measure(maker, numFrames);
            }
        }
        return 0;
    }

    private void measure(PictureMaker maker, int numFrames) throws IOException {
        Map<String, List<Double>> times = new LinkedHashMap<>();
        for (int round = 1; round <= rounds; round++) {
            PictureMaker.Clip clip = maker.clip(parameters(round, numFrames));
            for (StageTime time : clip.completed().getStageTimesList()) {
                add(times, time.getStage(), time.getMillis() / 1e3);
            }
            add(times, "first preview after", clip.secondsToPreview());
            add(times, "all", clip.seconds());
        }
        System.out.printf("%d base frames, peak resident memory so far %d MiB%n", numFrames, peakMib());
        times.forEach((what, seconds) -> System.out.printf("  %-25s %7.2f s%n", what, median(seconds)));
    }

    private static void add(Map<String, List<Double>> times, String what, double seconds) {
        times.computeIfAbsent(what, _ -> new ArrayList<>()).add(seconds);
    }

    private static VideoParameters.Builder parameters(long seed, int numFrames) {
        return VideoParameters.newBuilder()
                .setPrompt("a rocket flying up in space")
                .setSeed(seed)
                .setNumFrames(numFrames);
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().skip(values.size() / 2).findFirst().orElseThrow();
    }

    /** From {@code VmHWM} in {@code /proc/self/status}, in KiB. */
    private static long peakMib() throws IOException {
        try (var lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024)
                    .findFirst()
                    .orElseThrow();
        }
    }
}
