// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.caption;

import com.google.protobuf.ByteString;
import dev.darkroom.inference.image.PngWriter;
import dev.darkroom.inference.image.RgbImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** Model folders with seeded weights, of a few KB each: a captioner and a CLIP. */
final class TestingModels {
    static final String CAPTIONER = "vit-gpt2";
    static final String ALIGNER = "tiny-clip";

    private static final Path RESOURCES = Path.of("../inference/src/test/resources");

    private TestingModels() {}

    /** Writes both into a folder. */
    static Path in(Path models) throws IOException {
        Path captioner = Files.createDirectories(models.resolve(CAPTIONER));
        try (ZipFile zip = new ZipFile(RESOURCES.resolve("captioners.zip").toFile())) {
            Enumeration<? extends ZipEntry> entries = zip.entries();
            while (entries.hasMoreElements()) {
                ZipEntry entry = entries.nextElement();
                if (entry.getName().startsWith(CAPTIONER + "/")) {
                    String name = entry.getName().substring(CAPTIONER.length() + 1);
                    Files.write(
                            captioner.resolve(name), zip.getInputStream(entry).readAllBytes());
                }
            }
        }
        Path aligner = Files.createDirectories(models.resolve(ALIGNER));
        try (Stream<Path> files = Files.list(RESOURCES.resolve(ALIGNER))) {
            for (Path file : files.filter(each -> !each.endsWith("model.onnx")).toList()) {
                Files.copy(file, aligner.resolve(file.getFileName()));
            }
        }
        return models;
    }

    /** As above, unless they are there. */
    static void onceIn(Path models) {
        try {
            if (!Files.exists(models.resolve(ALIGNER))) {
                Path _ = in(models);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A PNG with slopes that {@code seed} tilts. */
    static ByteString picture(int width, int height, int seed) {
        byte[] rgb = new byte[width * height * 3];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) (i * (3 + seed) + i / (3 * width) * 7 * seed);
        }
        return ByteString.copyFrom(PngWriter.encode(RgbImage.of(width, height, rgb), ""));
    }
}
