// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** The folders of {@code darkroom_training.record_captions}. */
public final class RecordedCaptioners {
    private static final Path ARCHIVE = Path.of("src/test/resources/captioners.zip");

    private RecordedCaptioners() {}

    /** Unpacks one of them into {@code temporary} and returns where it lies. */
    public static Path unpack(String name, Path temporary) throws IOException {
        Path folder = Files.createDirectories(temporary.resolve(name));
        try (ZipFile zip = new ZipFile(ARCHIVE.toFile())) {
            Enumeration<? extends ZipEntry> entries = zip.entries();
            while (entries.hasMoreElements()) {
                ZipEntry entry = entries.nextElement();
                if (entry.getName().startsWith(name + "/")) {
                    Path file = folder.resolve(entry.getName().substring(name.length() + 1));
                    Files.write(file, zip.getInputStream(entry).readAllBytes());
                }
            }
        }
        return folder;
    }
}
