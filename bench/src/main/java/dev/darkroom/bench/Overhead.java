// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.bench;

import ai.onnxruntime.OrtException;
import java.util.Arrays;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "overhead",
        description = "A picture through the gateway against a bare loop over the same graphs, taking turns.")
final class Overhead implements Callable<Integer> {

    private static final String PROMPT = "a fox in the snow";
    private static final int STEPS = 25;
    private static final float GUIDANCE = 4;
    private static final int WARM_UP = 5;

    @Option(names = "--rounds", defaultValue = "30")
    private int rounds;

    @Override
    public Integer call() throws OrtException {
        double[] gateway = new double[rounds];
        double[] bare = new double[rounds];
        try (PictureMaker maker = new PictureMaker();
                BareLoop loop = new BareLoop()) {
            for (int round = -WARM_UP; round < rounds; round++) {
                double through = maker.secondsFor(PROMPT, STEPS, GUIDANCE, round);
                double without = loop.secondsFor(STEPS, GUIDANCE);
                if (round >= 0) {
                    gateway[round] = through;
                    bare[round] = without;
                }
            }
        }
        System.out.printf("gateway    median %.3f s%n", median(gateway));
        System.out.printf("bare loop  median %.3f s%n", median(bare));
        System.out.printf("gateway / bare loop  %.2f%n", median(gateway) / median(bare));
        return 0;
    }

    private static double median(double[] seconds) {
        double[] sorted = seconds.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
