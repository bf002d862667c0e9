// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import dev.darkroom.rpc.ErrorDetails;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.PrintWriter;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.ParseResult;

/** Says what went wrong in words for people, and what to do next, and picks the exit code. */
final class Failures implements IExecutionExceptionHandler {

    static final int FAILED = 1;
    static final int REFUSED = 2;

    private static final Set<Status.Code> CALLERS_FAULT = Set.of(Status.Code.INVALID_ARGUMENT, Status.Code.NOT_FOUND);
    private static final Map<String, String> OPTIONS = Map.ofEntries(
            Map.entry("parameters.prompt", "the prompt"),
            Map.entry("parameters.negative_prompt", "--negative"),
            Map.entry("parameters.num_inference_steps", "--steps"),
            Map.entry("parameters.guidance_scale", "--guidance"),
            Map.entry("parameters.guidance_rescale", "--guidance-rescale"),
            Map.entry("parameters.scheduler", "--scheduler"),
            Map.entry("parameters.num_images_per_prompt", "-n"),
            Map.entry("parameters.eta", "--eta"),
            Map.entry("parameters.model", "--model"),
            Map.entry("parameters.width", "--width"),
            Map.entry("parameters.height", "--height"),
            Map.entry("preview_interval", "--preview-every"),
            Map.entry("safety_policy", "--safety-policy"));

    @Override
    public int handleExecutionException(Exception failure, CommandLine command, @Nullable ParseResult parsed) {
        PrintWriter err = command.getErr();
        if (failure instanceof StatusRuntimeException status) {
            ErrorDetails details = ErrorDetails.of(status);
            print(details, err);
            return CALLERS_FAULT.contains(details.code()) ? REFUSED : FAILED;
        }
        err.println("darkroom: "
                + Objects.requireNonNullElse(
                        failure.getMessage(), failure.getClass().getSimpleName()));
        return failure instanceof IllegalArgumentException ? REFUSED : FAILED;
    }

    private static void print(ErrorDetails details, PrintWriter err) {
        if (details.domain().isEmpty() && details.code() == Status.Code.UNAVAILABLE) {
            err.println("darkroom: no gateway answers there. 'darkroom serve' starts one and prints its address.");
            return;
        }
        err.println(
                "darkroom: " + (details.violations().isEmpty() ? details.message() : "this cannot be done as asked:"));
        details.violations().forEach(it -> err.println("  " + option(it.field()) + ": " + it.description()));
        details.metadata().forEach((key, value) -> err.println("  " + key.replace('_', ' ') + ": " + value));
        if (details.retryAfter() != null) {
            err.printf(
                    "  Try again in %d s.%n", Math.max(1, details.retryAfter().toSeconds()));
        }
    }

    private static String option(String field) {
        return OPTIONS.getOrDefault(field, field);
    }
}
