// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "upscale-turns",
        description =
                "For every seed on a line of its input enlarges a picture and prints the seconds it took; for taking turns with another program.")
final class UpscaleTurns implements Callable<Integer> {

    @Parameters(index = "0")
    private Path picture = Path.of("");

    @Parameters(index = "1")
    private String prompt = "";

    @Parameters(index = "2")
    private int numInferenceSteps;

    @Override
    public Integer call() throws IOException {
        byte[] bytes = Files.readAllBytes(picture);
        try (PictureMaker maker = new PictureMaker();
                var seeds = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String seed = seeds.readLine(); seed != null; seed = seeds.readLine()) {
                System.out.println(maker.secondsToUpscale(bytes, prompt, numInferenceSteps, Long.parseLong(seed)));
                System.out.flush();
            }
        }
        return 0;
    }
}
