// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.List;
import java.util.stream.Stream;

/** Files as a user names them: by name or by glob, which not every shell expands, and none inside quotes. */
final class FileArguments {
    private static final String WILD = ".*[*?\\[{].*";

    private FileArguments() {}

    /**
     * Returns the files in the order in which they were named, those of one glob by name, each once.
     *
     * @throws IllegalArgumentException if a glob matches nothing, or a name is that of a folder
     */
    static List<Path> expand(List<String> arguments) {
        return arguments.stream().flatMap(FileArguments::expand).distinct().toList();
    }

    private static Stream<Path> expand(String argument) {
        Path path = Path.of(argument);
        if (Files.isDirectory(path)) {
            throw new IllegalArgumentException(
                    argument + " is a folder; for the pictures in it: '" + path.resolve("*.png") + "'");
        }
        return Files.exists(path) || !argument.matches(WILD) ? Stream.of(path) : matching(argument, path).stream();
    }

    private static List<Path> matching(String glob, Path path) {
        Path root = literal(path);
        int literal = root.toString().isEmpty() ? 0 : root.getNameCount();
        int depth = glob.contains("**") ? Integer.MAX_VALUE : path.getNameCount() - literal;
        PathMatcher matcher = FileSystems.getDefault().getPathMatcher("glob:" + glob);
        try (Stream<Path> files = Files.isDirectory(root) ? Files.walk(root, depth) : Stream.empty()) {
            List<Path> found = files.filter(file -> matcher.matches(file) && Files.isRegularFile(file))
                    .sorted()
                    .toList();
            if (found.isEmpty()) {
                throw new IllegalArgumentException(glob + " matches no file");
            }
            return found;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The folders before the first one that is a pattern. */
    private static Path literal(Path path) {
        Path root = path.getRoot() == null ? Path.of("") : path.getRoot();
        for (Path name : path) {
            if (name.toString().matches(WILD)) {
                break;
            }
            root = root.resolve(name);
        }
        return root;
    }
}
