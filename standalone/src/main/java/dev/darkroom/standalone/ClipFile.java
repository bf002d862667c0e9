// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import dev.darkroom.text2video.v1.Video;
import dev.darkroom.text2video.v1.VideoChunk;
import dev.darkroom.text2video.v1.VideoContainer;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Where a clip goes. Its bytes are written as they come; the file appears whole or not at all. Not thread-safe. */
final class ClipFile implements AutoCloseable {
    private static final Map<String, VideoContainer> CONTAINERS = new LinkedHashMap<>();

    static {
        CONTAINERS.put("mp4", VideoContainer.VIDEO_CONTAINER_MP4);
        CONTAINERS.put("webm", VideoContainer.VIDEO_CONTAINER_WEBM);
        CONTAINERS.put("gif", VideoContainer.VIDEO_CONTAINER_GIF);
        CONTAINERS.put("webp", VideoContainer.VIDEO_CONTAINER_WEBP);
        CONTAINERS.put("zip", VideoContainer.VIDEO_CONTAINER_PNG_ZIP);
    }

    private final Path folder;
    private final @Nullable String name;
    private final String stem;
    private final String extension;
    private final Path part;
    private final MessageDigest digest = sha256();
    private OutputStream bytes = OutputStream.nullOutputStream();
    private long received;

    private ClipFile(Path folder, @Nullable String name, String stem, String extension) {
        this.folder = folder;
        this.name = name;
        this.stem = stem;
        this.extension = extension;
        this.part = folder.resolve(stem + "-" + ProcessHandle.current().pid() + ".part");
    }

    /**
     * {@code out} names a file, whose ending says of what kind it is, or a folder (existing, or ending in a slash), in which the file is called after the
     * prompt and the seed, as it is without {@code out}.
     *
     * @param gif whether a file that is not named is to be a GIF
     */
    static ClipFile of(@Nullable String out, String prompt, boolean gif) throws IOException {
        String otherwise = gif ? "gif" : "mp4";
        if (out == null || out.endsWith("/") || Files.isDirectory(Path.of(out))) {
            Path folder = Path.of(out == null ? "" : out);
            Files.createDirectories(folder.toAbsolutePath());
            return new ClipFile(folder, null, PictureFiles.slug(prompt), otherwise);
        }
        Path path = Path.of(out);
        String name = path.getFileName().toString();
        String extension = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        if (!name.contains(".") || !CONTAINERS.containsKey(extension) || (gif && !extension.equals("gif"))) {
            String known = gif ? ".gif" : "one of ." + String.join(", .", CONTAINERS.keySet());
            throw new IllegalArgumentException("-o " + out + ": end the name in " + known + ", or in / for a folder");
        }
        Path parent = path.getParent() == null ? Path.of("") : path.getParent();
        Files.createDirectories(parent.toAbsolutePath());
        return new ClipFile(parent, name, name.substring(0, name.lastIndexOf('.')), extension);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java platform has SHA-256
        }
    }

    VideoContainer container() {
        VideoContainer container = CONTAINERS.get(extension);
        return container == null ? VideoContainer.VIDEO_CONTAINER_UNSPECIFIED : container;
    }

    /** Returns where pictures of the clip to come are put: beside it. */
    PictureFiles previews() throws IOException {
        return PictureFiles.of(folder.resolve(stem) + ".png", "", 2);
    }

    void append(VideoChunk chunk) throws IOException {
        if (chunk.getOffset() != received) {
            throw new IOException("the gateway sent bytes out of order; run the command again");
        }
        if (received == 0) {
            bytes = new DigestOutputStream(Files.newOutputStream(part), digest);
        }
        chunk.getData().writeTo(bytes);
        received += chunk.getData().size();
    }

    /**
     * Puts the file in its place.
     *
     * @throws IOException also where bytes are missing or differ from the announced digest
     */
    Path finish(Video video, long seed) throws IOException {
        bytes.close();
        String found = HexFormat.of().formatHex(digest.digest());
        if (received != video.getSizeBytes() || !found.equals(video.getSha256())) {
            throw new IOException("the clip arrived damaged; run the command again");
        }
        Path target = folder.resolve(name == null ? stem + "-" + seed + "." + extension : name);
        return Files.move(part, target, StandardCopyOption.REPLACE_EXISTING);
    }

    @Override
    public void close() throws IOException {
        bytes.close();
        Files.deleteIfExists(part);
    }
}
