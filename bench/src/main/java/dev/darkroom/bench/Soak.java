// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.bench;

import dev.darkroom.inference.onnx.LiveHandles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "soak",
        description = "Makes many pictures, closes, and counts what is still open; resident memory on the way (Linux).")
final class Soak implements Callable<Integer> {

    @Option(names = "--pictures", defaultValue = "200")
    private int pictures;

    @Override
    public Integer call() throws IOException {
        try (PictureMaker maker = new PictureMaker()) {
            for (int i = 1; i <= pictures; i++) {
                maker.secondsFor("a fox in the snow", 5, 4, i);
                if (i == 10 || i % 50 == 0) {
                    System.out.printf(
                            "%4d pictures  %d native handles open  %d MiB resident%n",
                            i, LiveHandles.count(), residentMib());
                }
            }
        }
        System.out.printf("after closing: %d native handles open%n", LiveHandles.count());
        return LiveHandles.count() == 0 ? 0 : 1;
    }

    /** From the second number of {@code /proc/self/statm}, in pages of 4 KiB. */
    private static long residentMib() throws IOException {
        return Long.parseLong(Files.readString(Path.of("/proc/self/statm")).split(" ", -1)[1]) * 4 / 1024;
    }
}
