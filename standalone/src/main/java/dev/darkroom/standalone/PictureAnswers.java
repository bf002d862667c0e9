// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.google.protobuf.ByteString;
import dev.darkroom.rpc.ErrorDetails;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * What a gateway answered for each of many pictures.
 *
 * @param answers in the order of the files
 * @param refused why, of files that are no pictures, or none that may be shown
 */
record PictureAnswers<R>(Map<Path, R> answers, Map<Path, String> refused) {

    /**
     * Asks for each file in turn. One file's own fault does not keep the others from being asked for; anything else ends it all, and with a single
     * file everything does.
     */
    static <R> PictureAnswers<R> of(List<Path> files, Progress progress, Function<ByteString, R> ask)
            throws IOException {
        PictureAnswers<R> all = new PictureAnswers<>(new LinkedHashMap<>(), new LinkedHashMap<>());
        try {
            for (Path file : files) {
                progress.files(all.size(), files.size(), file);
                all.add(file, ask, files.size() == 1);
            }
        } finally {
            progress.clear();
        }
        return all;
    }

    private void add(Path file, Function<ByteString, R> ask, boolean alone) throws IOException {
        try {
            answers.put(file, ask.apply(PictureInput.read(file)));
        } catch (IllegalArgumentException e) {
            refuse(file, String.valueOf(e.getMessage()), alone, e);
        } catch (StatusRuntimeException e) {
            ErrorDetails details = ErrorDetails.of(e);
            refuse(file, file + ": " + reason(details), alone || !isOfThePicture(details), e);
        }
    }

    private void refuse(Path file, String why, boolean ends, RuntimeException refusal) {
        if (ends) {
            throw refusal;
        }
        refused.put(file, why);
    }

    private static boolean isOfThePicture(ErrorDetails details) {
        return details.reason().equals("IMAGE_BLOCKED")
                || (!details.violations().isEmpty()
                        && details.violations().stream()
                                .allMatch(it -> it.field().matches("image|images\\[0]")));
    }

    private static String reason(ErrorDetails details) {
        return details.violations().isEmpty()
                ? details.message()
                : details.violations().getFirst().description();
    }

    private int size() {
        return answers.size() + refused.size();
    }

    /** The exit code: whether every file was answered for. */
    int exitCode() {
        return refused.isEmpty() ? 0 : Failures.REFUSED;
    }
}
