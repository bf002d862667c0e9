// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.bench;

import dev.darkroom.gateway.v1.ImagesCompleted;
import dev.darkroom.media.v1.StageTime;
import dev.darkroom.text2image.v1.ImageParameters;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "stages",
        description = "Where the time of a picture goes, for each size, as the gateway tells it; medians.")
final class Stages implements Callable<Integer> {

    private static final List<Integer> FACTORS = List.of(1, 4, 16);

    @Option(names = "--rounds", defaultValue = "9")
    private int rounds;

    @Override
    public Integer call() {
        try (PictureMaker maker = new PictureMaker()) {
            FACTORS.forEach(factor -> maker.completed(parameters(0), factor)); // to warm up
            for (int factor : FACTORS) {
                print(factor, millis(maker, factor));
            }
        }
        return 0;
    }

    /** Each stage's times, one per round, in the order of the stages. */
    private Map<String, List<Long>> millis(PictureMaker maker, int factor) {
        Map<String, List<Long>> times = new LinkedHashMap<>();
        for (int round = 1; round <= rounds; round++) {
            ImagesCompleted completed = maker.completed(parameters(round), factor);
            for (StageTime time : completed.getStageTimesList()) {
                times.computeIfAbsent(time.getStage(), _ -> new ArrayList<>()).add(time.getMillis());
            }
        }
        return times;
    }

    private static ImageParameters.Builder parameters(long seed) {
        return ImageParameters.newBuilder().setPrompt("a fox in the snow").setSeed(seed);
    }

    private static void print(int factor, Map<String, List<Long>> times) {
        long all = times.values().stream().mapToLong(Stages::median).sum();
        long checks = times.entrySet().stream()
                .filter(stage -> stage.getKey().startsWith("check"))
                .mapToLong(stage -> median(stage.getValue()))
                .sum();
        System.out.printf("x %d%n", factor);
        times.forEach((stage, millis) -> System.out.printf("  %-14s %6d ms%n", stage, median(millis)));
        System.out.printf("  %-14s %6d ms, of which checks %.1f %%%n", "all", all, 100.0 * checks / all);
    }

    private static long median(List<Long> values) {
        return values.stream().sorted().skip(values.size() / 2).findFirst().orElseThrow();
    }
}
