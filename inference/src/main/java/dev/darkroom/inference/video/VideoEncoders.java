// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.video;

import dev.darkroom.inference.InferenceException;
import dev.darkroom.inference.image.RgbImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/** Opens files of the kinds whose encoders are on this machine. Immutable and thread-safe. */
public final class VideoEncoders {
    private static final int PROBE_SIZE = 32;

    private final Set<VideoFormat> available;

    private VideoEncoders(Set<VideoFormat> available) {
        this.available = Collections.unmodifiableSet(available);
    }

    /**
     * Writes a clip of two frames in each format to find those that work; the others are absent. Loads the natives, which are unpacked on the first use
     * (see {@code org.bytedeco.javacpp.cachedir}).
     *
     * @param folder for the clips, which are deleted
     */
    public static VideoEncoders probe(Path folder) {
        Set<VideoFormat> available = EnumSet.noneOf(VideoFormat.class);
        for (VideoFormat format : VideoFormat.values()) {
            if (works(format, folder)) {
                available.add(format);
            }
        }
        return new VideoEncoders(available);
    }

    private static boolean works(VideoFormat format, Path folder) {
        VideoSettings settings = new VideoSettings(format, PROBE_SIZE, PROBE_SIZE, 8, 80);
        RgbImage frame = RgbImage.of(PROBE_SIZE, PROBE_SIZE, new byte[PROBE_SIZE * PROBE_SIZE * 3]);
        try {
            Path file = Files.createTempFile(folder, "probe-", "." + format.extension());
            try (VideoWriter writer = write(settings, file)) {
                writer.add(frame);
                writer.add(frame);
                writer.finish();
                return Files.size(file) > 0;
            } finally {
                Files.delete(file);
            }
        } catch (InferenceException | LinkageError e) { // no natives for this platform, or none that load
            return false;
        } catch (IOException e) {
            throw new InferenceException("cannot write to the folder for clips", e);
        }
    }

    /** Returns the formats that can be written. */
    public Set<VideoFormat> available() {
        return available;
    }

    /**
     * Opens a file, replacing one that is there.
     *
     * @throws IllegalArgumentException if the format is not {@link #available}
     * @throws InferenceException if the file cannot be written
     */
    public VideoWriter open(VideoSettings settings, Path file) {
        if (!available.contains(settings.format())) {
            throw new IllegalArgumentException(settings.format() + " cannot be written here");
        }
        return write(settings, file);
    }

    private static VideoWriter write(VideoSettings settings, Path file) {
        return settings.format() == VideoFormat.PNG_ZIP
                ? PngZipWriter.open(settings, file)
                : FfmpegWriter.open(settings, file);
    }
}
