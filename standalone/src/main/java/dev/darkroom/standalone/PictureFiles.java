// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;

/** Where the pictures of one request go. Every file appears whole or not at all. */
final class PictureFiles {

    private static final int LONGEST_NAME = 60; // characters, of a name made from a prompt

    private final Path folder;
    private final String stem;
    private final boolean numbered;

    private PictureFiles(Path folder, String stem, boolean numbered) {
        this.folder = folder;
        this.stem = stem;
        this.numbered = numbered;
    }

    /**
     * {@code out} names a file for one picture; a folder (existing, or ending in a slash) for any number, in which files are called
     * after the prompt and the seed. With several pictures a file name gets the seeds appended.
     */
    static PictureFiles of(@Nullable String out, String prompt, int pictures) throws IOException {
        if (out == null) {
            return new PictureFiles(Path.of(""), slug(prompt), true);
        }
        Path path = Path.of(out);
        if (out.endsWith("/") || Files.isDirectory(path)) {
            Files.createDirectories(path);
            return new PictureFiles(path, slug(prompt), true);
        }
        if (!out.toLowerCase(Locale.ROOT).endsWith(".png")) {
            throw new IllegalArgumentException(
                    "-o " + out + ": pictures are PNG files: end the name in .png, or in / for a folder");
        }
        Path parent = path.getParent() == null ? Path.of("") : path.getParent();
        Files.createDirectories(parent.toAbsolutePath());
        String name = path.getFileName().toString();
        return new PictureFiles(parent, name.substring(0, name.length() - ".png".length()), pictures > 1);
    }

    Path write(Picture picture) throws IOException {
        return write(numbered ? stem + "-" + picture.seed() : stem, picture.bytes());
    }

    Path writeSheet(List<Picture> pictures) throws IOException {
        var png = new ByteArrayOutputStream();
        ImageIO.write(ContactSheet.of(ContactSheet.tiles(pictures)), "png", png);
        return write(stem + "-sheet", png.toByteArray());
    }

    Path writePreview(int index, byte[] png) throws IOException {
        return write(stem + "-preview" + (numbered ? "-" + index : ""), png);
    }

    private Path write(String name, byte[] bytes) throws IOException {
        Path target = folder.resolve(name + ".png");
        Path part = folder.resolve(name + "-" + ProcessHandle.current().pid() + ".part");
        try {
            Files.write(part, bytes);
            return Files.move(part, target, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    static String slug(String prompt) {
        String words = prompt.toLowerCase(Locale.ROOT)
                .replaceAll("[^\\p{L}\\p{N}]+", "-")
                .replaceAll("^-|-$", "");
        String cut = words.length() <= LONGEST_NAME
                ? words
                : words.substring(0, LONGEST_NAME).replaceAll("-[^-]*$", "");
        return cut.isEmpty() ? "picture" : cut;
    }
}
