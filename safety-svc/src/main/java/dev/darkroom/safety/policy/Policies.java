// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety.policy;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The policies by name: the one that is built in, {@code default}, and those of a directory, which may replace it. Immutable. */
public final class Policies {

    /** The policy that always applies. */
    public static final String DEFAULT = "default";

    private static final String ENDING = ".yml";

    private final Map<String, Policy> byName = new TreeMap<>();

    /**
     * Reads all policies at once, so that a broken one is noticed at the start and not at the first request that needs it.
     *
     * @param directory where {@code NAME.yml} files lie; null for the built-in policy alone
     * @throws PolicyException when a file is no policy or the directory cannot be read
     */
    public Policies(@Nullable Path directory) {
        if (directory != null) {
            readAll(directory);
        }
        byName.computeIfAbsent(DEFAULT, name -> PolicyFile.parse(name, builtIn()));
    }

    private void readAll(Path directory) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*" + ENDING)) {
            for (Path file : files) {
                String fileName = file.getFileName().toString();
                String name = fileName.substring(0, fileName.length() - ENDING.length());
                byName.put(name, PolicyFile.parse(name, Files.readAllBytes(file)));
            }
        } catch (IOException e) {
            throw new PolicyException(
                    "policy directory " + directory + " cannot be read: "
                            + e.getClass().getSimpleName(),
                    e);
        }
    }

    private static byte[] builtIn() {
        try (InputStream stream =
                Objects.requireNonNull(Policies.class.getResourceAsStream("/safety-svc/policies/default.yml"))) {
            return stream.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The policy called {@code name}, null when there is none. */
    public @Nullable Policy named(String name) {
        return byName.get(name);
    }

    /** The policy that always applies. */
    public Policy byDefault() {
        return Objects.requireNonNull(byName.get(DEFAULT));
    }

    /** The names of all policies, sorted. */
    public List<String> names() {
        return List.copyOf(byName.keySet());
    }
}
