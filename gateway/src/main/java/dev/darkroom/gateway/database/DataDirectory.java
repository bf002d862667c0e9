// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.database;

import io.micronaut.context.annotation.Property;
import io.micronaut.context.exceptions.ConfigurationException;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The folder in which one gateway keeps its database and its artifacts: {@code darkroom.gateway.data}. Only one process uses it at a
 * time; a lock that the operating system gives back when that process dies, however it dies, sees to it.
 *
 * <p>Where none is configured, a temporary one that goes away with the gateway.
 */
@Singleton
public final class DataDirectory implements AutoCloseable {
    private static final String LOCK = "gateway.lock";
    private static final int MAX_HOLDER_BYTES = 1_000;

    private final Path path;
    private final boolean temporary;
    private final FileChannel lockFile;

    /** @throws ConfigurationException if the folder cannot be used, or is in use; says by whom */
    public DataDirectory(@Property(name = "darkroom.gateway.data") @Nullable String configured) {
        temporary = configured == null || configured.isBlank();
        try {
            path = temporary
                    ? Files.createTempDirectory("darkroom-gateway-") // for its owner only
                    : Path.of(configured == null ? "" : configured).toAbsolutePath();
            create(path);
            lockFile = lock(path);
        } catch (IOException e) {
            throw new ConfigurationException(
                    "Cannot use darkroom.gateway.data " + configured + ": " + e.getMessage(), e);
        }
    }

    /** Absolute; exists. */
    public Path path() {
        return path;
    }

    /** Whether what is in it is lost when the gateway ends. */
    public boolean isTemporary() {
        return temporary;
    }

    private static void create(Path path) throws IOException {
        if (FileSystems.getDefault().supportedFileAttributeViews().contains("posix")) {
            var onlyOwner = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
            Files.createDirectories(path, onlyOwner); // prompts are in here
        } else {
            Files.createDirectories(path);
        }
    }

    private static FileChannel lock(Path path) throws IOException {
        FileChannel file = FileChannel.open(
                path.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        if (tryLock(file) == null) {
            String holder = read(file);
            file.close();
            throw new ConfigurationException("darkroom.gateway.data " + path + " is in use by another gateway: "
                    + holder + ". Stop it, or give this one a folder of its own, or both a PostgreSQL database");
        }
        byte[] holder = describeThisProcess().getBytes(StandardCharsets.UTF_8);
        file.truncate(0);
        file.write(ByteBuffer.wrap(holder), 0);
        file.force(true);
        return file;
    }

    private static @Nullable FileLock tryLock(FileChannel file) throws IOException {
        try {
            return file.tryLock();
        } catch (OverlappingFileLockException _) {
            return null; // a gateway in this JVM has it
        }
    }

    private static String read(FileChannel file) throws IOException {
        ByteBuffer holder = ByteBuffer.allocate(MAX_HOLDER_BYTES);
        file.read(holder, 0);
        return new String(holder.array(), 0, holder.position(), StandardCharsets.UTF_8);
    }

    private static String describeThisProcess() throws IOException {
        return "process " + ProcessHandle.current().pid() + " on "
                + InetAddress.getLocalHost().getHostName() + ", since " + Instant.now();
    }

    @Override
    @PreDestroy
    public void close() {
        try {
            lockFile.close();
            if (temporary) {
                delete();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void delete() throws IOException {
        List<Path> contents;
        try (Stream<Path> all = Files.walk(path)) {
            contents = all.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : contents) {
            Files.deleteIfExists(file);
        }
    }
}
