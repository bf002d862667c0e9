// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "turns",
        description =
                "For every seed on a line of its input makes a picture and prints the seconds it took; for taking turns with another program.")
final class Turns implements Callable<Integer> {

    @Parameters(index = "0")
    private String prompt = "";

    @Parameters(index = "1")
    private int numInferenceSteps;

    @Parameters(index = "2")
    private float guidanceScale;

    @Override
    public Integer call() throws IOException {
        try (PictureMaker maker = new PictureMaker();
                var seeds = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String seed = seeds.readLine(); seed != null; seed = seeds.readLine()) {
                System.out.println(maker.secondsFor(prompt, numInferenceSteps, guidanceScale, Long.parseLong(seed)));
                System.out.flush();
            }
        }
        return 0;
    }
}
