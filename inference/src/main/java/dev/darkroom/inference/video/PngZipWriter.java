// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.video;

import dev.darkroom.inference.InferenceException;
import dev.darkroom.inference.image.PngWriter;
import dev.darkroom.inference.image.RgbImage;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Writes each frame as a PNG picture into an archive, which does not compress them again. */
final class PngZipWriter implements VideoWriter {
    /** The first time that an archive can name, so that equal frames give equal bytes. */
    private static final LocalDateTime NO_TIME = LocalDateTime.of(1980, 1, 1, 0, 0);

    private final VideoSettings settings;
    private final ZipOutputStream zip;
    private int frames;

    private PngZipWriter(VideoSettings settings, ZipOutputStream zip) {
        this.settings = settings;
        this.zip = zip;
    }

    static PngZipWriter open(VideoSettings settings, Path file) {
        try {
            ZipOutputStream zip = new ZipOutputStream(new BufferedOutputStream(Files.newOutputStream(file)));
            zip.setLevel(Deflater.NO_COMPRESSION);
            return new PngZipWriter(settings, zip);
        } catch (IOException e) {
            throw new InferenceException("cannot write an archive of frames", e);
        }
    }

    @Override
    public void add(RgbImage frame) {
        Frames.requireSize(frame, settings);
        ZipEntry entry = new ZipEntry("frame-%05d.png".formatted(frames++));
        entry.setTimeLocal(NO_TIME);
        try {
            zip.putNextEntry(entry);
            zip.write(PngWriter.encode(frame, ""));
            zip.closeEntry();
        } catch (IOException e) {
            throw new InferenceException("cannot write a frame to an archive", e);
        }
    }

    @Override
    public void finish() {
        try {
            zip.finish();
            zip.flush();
        } catch (IOException e) {
            throw new InferenceException("cannot complete an archive of frames", e);
        }
    }

    @Override
    public void close() {
        try {
            zip.close();
        } catch (IOException e) {
            throw new InferenceException("cannot close an archive of frames", e);
        }
    }
}
