// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.artifact;

import dev.darkroom.rpc.Fault;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Blobs as files: {@code blobs/ab/abcd...}, named by their SHA-256, and {@code incoming/}, where they grow. File names are made here, of digests
 * and ids in a fixed form, so that nothing lies outside the root. Thread-safe.
 */
final class BlobFolder {
    private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9_-]{1,64}");
    private static final int COPY_BYTES = 1 << 16;
    private static final long FULL_BELOW_BYTES = 1 << 20;
    private static final Duration RETRY_WHEN_FULL = Duration.ofSeconds(30);

    private final Path root;
    private final Path blobs;
    private final Path incoming;

    /** Creates the folders where there are none. */
    BlobFolder(Path root) throws IOException {
        this.root = root;
        this.blobs = Files.createDirectories(root.resolve("blobs"));
        this.incoming = Files.createDirectories(root.resolve("incoming"));
    }

    /**
     * Stores content so that it survives a loss of power, then shows it under its digest.
     *
     * @throws Fault.Overloaded STORAGE_FULL
     */
    Blob write(Blob blob, List<ByteBuffer> content) {
        Path grown = incoming.resolve("put-" + UUID.randomUUID());
        try (FileChannel channel = FileChannel.open(grown, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            for (ByteBuffer bytes : content) {
                writeAll(bytes.duplicate(), channel);
            }
            channel.force(true);
            show(grown, blob);
            return blob;
        } catch (IOException e) {
            deleteQuietly(grown);
            throw failure(e);
        }
    }

    /** Moves a file that is whole and forced to disk to where its digest says; what is there already has the same bytes, or had. */
    private void show(Path grown, Blob blob) throws IOException {
        Path folder = Files.createDirectories(folder(blob.sha256()));
        Files.move(grown, file(blob.sha256()), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        force(folder);
        force(blobs);
    }

    /** The bytes of an upload so far; 0 where none arrived. */
    long uploadedBytes(String id) {
        try {
            return Files.size(upload(id));
        } catch (NoSuchFileException _) {
            return 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Opens an upload at its end. */
    FileChannel openUpload(String id) throws IOException {
        FileChannel channel = FileChannel.open(
                upload(id), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        channel.position(channel.size());
        return channel;
    }

    /** Digests an upload as it lies on the disk. */
    Blob digestUpload(String id) throws IOException {
        BlobDigest digest = new BlobDigest();
        ByteBuffer buffer = ByteBuffer.allocate(COPY_BYTES);
        try (FileChannel channel = openUpload(id)) {
            channel.force(true);
            channel.position(0);
            while (channel.read(buffer.clear()) >= 0) {
                digest.update(buffer.flip());
            }
        }
        return digest.finish();
    }

    /** Makes a blob of an upload that {@link #digestUpload} read. */
    void showUpload(String id, Blob blob) throws IOException {
        show(upload(id), blob);
    }

    void deleteUpload(String id) {
        deleteQuietly(upload(id));
    }

    /** Opens a blob, which stays readable when it is deleted meanwhile. */
    FileChannel open(String sha256) throws IOException {
        return FileChannel.open(file(sha256), StandardOpenOption.READ);
    }

    boolean holds(String sha256) {
        return Files.isRegularFile(file(sha256));
    }

    void delete(String sha256) {
        deleteQuietly(file(sha256));
    }

    /** Digests of the blobs that were last written before then. */
    List<String> olderThan(Instant then) {
        return filesBelow(blobs, then)
                .map(file -> file.getFileName().toString())
                .filter(DIGEST.asMatchPredicate())
                .toList();
    }

    /** Deletes what grew and was never finished, last written before then. */
    void deleteIncoming(Instant before) {
        filesBelow(incoming, before).forEach(BlobFolder::deleteQuietly);
    }

    private static Stream<Path> filesBelow(Path folder, Instant before) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> isFileOlderThan(before, file)).toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isFileOlderThan(Instant then, Path file) {
        try {
            return Files.isRegularFile(file)
                    && Files.getLastModifiedTime(file).toInstant().isBefore(then);
        } catch (IOException _) {
            return false; // it went away meanwhile
        }
    }

    /** What a failed write means to a caller. */
    RuntimeException failure(IOException e) {
        if (isFull()) {
            return new Fault.Overloaded("STORAGE_FULL", "storage", "The storage of artifacts is full", RETRY_WHEN_FULL);
        }
        return new UncheckedIOException(e);
    }

    private boolean isFull() {
        try {
            return Files.getFileStore(root).getUsableSpace() < FULL_BELOW_BYTES;
        } catch (IOException _) {
            return false;
        }
    }

    private Path file(String sha256) {
        requireForm(DIGEST, sha256);
        return folder(sha256).resolve(sha256);
    }

    private Path folder(String sha256) {
        return blobs.resolve(sha256.substring(0, 2));
    }

    private Path upload(String id) {
        requireForm(ID, id);
        return incoming.resolve("upload-" + id);
    }

    private static void requireForm(Pattern form, String text) {
        if (!form.matcher(text).matches()) {
            throw new IllegalArgumentException("Not a name of a file");
        }
    }

    static void writeAll(ByteBuffer bytes, FileChannel channel) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static void force(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true); // the entry of the file survives a loss of power too
        }
    }

    private static void deleteQuietly(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException _) {
            // the sweeper comes again
        }
    }
}
