// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2video;

import com.google.protobuf.UnsafeByteOperations;
import dev.darkroom.inference.video.VideoSettings;
import dev.darkroom.text2video.v1.Video;
import dev.darkroom.text2video.v1.VideoChunk;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.Consumer;

/** A clip in a file of its own, which is deleted when it is closed. Only a chunk of it is in memory at a time. */
final class Clip implements AutoCloseable {
    private static final int CHUNK_BYTES = 65_536;

    private final Path file;
    private final VideoSettings settings;
    private final int numFrames;

    private Clip(Path file, VideoSettings settings, int numFrames) {
        this.file = file;
        this.settings = settings;
        this.numFrames = numFrames;
    }

    /** Makes the file, empty, that the clip is to be written to. */
    static Clip create(Path folder, VideoSettings settings, int numFrames) {
        try {
            Files.createDirectories(folder);
            Path file = Files.createTempFile(
                    folder, "darkroom-clip-", "." + settings.format().extension());
            return new Clip(file, settings, numFrames);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot make a file for a clip", e);
        }
    }

    Path file() {
        return file;
    }

    VideoSettings settings() {
        return settings;
    }

    Video describe() {
        try {
            return Video.newBuilder()
                    .setWidth(settings.encodedWidth())
                    .setHeight(settings.encodedHeight())
                    .setNumFrames(numFrames)
                    .setFrameRate(settings.frameRate())
                    .setDurationMillis(Math.round(1000.0 * numFrames / settings.frameRate()))
                    .setMediaType(settings.format().mediaType())
                    .setSizeBytes(Files.size(file))
                    .setSha256(sha256())
                    .build();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read a clip", e);
        }
    }

    private String sha256() throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] buffer = new byte[CHUNK_BYTES];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
    }

    /** Hands out the file in order, in messages of one size but for the last. */
    void forEachChunk(Consumer<VideoChunk> chunks) {
        try (InputStream in = Files.newInputStream(file)) {
            long offset = 0;
            byte[] buffer = in.readNBytes(CHUNK_BYTES);
            while (buffer.length > 0) {
                chunks.accept(VideoChunk.newBuilder()
                        .setOffset(offset)
                        .setData(UnsafeByteOperations.unsafeWrap(buffer))
                        .build());
                offset += buffer.length;
                buffer = in.readNBytes(CHUNK_BYTES);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read a clip", e);
        }
    }

    @Override
    public void close() {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot delete a clip", e);
        }
    }
}
