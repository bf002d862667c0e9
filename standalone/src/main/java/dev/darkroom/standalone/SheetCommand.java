// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import javax.imageio.ImageIO;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "sheet",
        description = "Puts pictures side by side, in the order given.",
        mixinStandardHelpOptions = true)
final class SheetCommand implements Callable<Integer> {

    @Parameters(arity = "1..*", paramLabel = "FILE", description = "PNG files of one size.")
    private List<Path> files = List.of();

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            required = true,
            description = "Where the sheet goes.")
    private Path output = Path.of("");

    @Override
    public Integer call() throws IOException {
        List<BufferedImage> pictures = new ArrayList<>();
        for (Path file : files) {
            pictures.add(read(file));
        }
        ImageIO.write(ContactSheet.of(pictures), "png", output.toFile());
        return 0;
    }

    private static BufferedImage read(Path file) throws IOException {
        BufferedImage picture = file.toFile().isFile() ? ImageIO.read(file.toFile()) : null;
        if (picture == null) {
            throw new IllegalArgumentException(file + " is not a picture");
        }
        return picture;
    }
}
