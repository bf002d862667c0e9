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
    static final int HELD_BACK = 3;

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
            Map.entry("parameters.strength", "--strength"),
            Map.entry("parameters.clip_skip", "--clip-skip"),
            Map.entry("parameters.guidance_start", "--guidance-start"),
            Map.entry("parameters.guidance_end", "--guidance-end"),
            Map.entry("parameters.refiner", "--refiner"),
            Map.entry("parameters.refiner_start", "--refiner-start"),
            Map.entry("parameters.width", "--width"),
            Map.entry("parameters.height", "--height"),
            Map.entry("parameters.num_frames", "--frames or --seconds"),
            Map.entry("parameters.frame_rate", "--fps"),
            Map.entry("parameters.spatial_factor", "--upscale"),
            Map.entry("parameters.temporal_factor", "--interpolate"),
            Map.entry("parameters.container", "-o"),
            Map.entry("parameters.quality", "--quality"),
            Map.entry("parameters.original_height", "--original-height"),
            Map.entry("parameters.original_width", "--original-width"),
            Map.entry("parameters.crop_top", "--crop-top"),
            Map.entry("parameters.crop_left", "--crop-left"),
            Map.entry("parameters.target_height", "--target-height"),
            Map.entry("parameters.target_width", "--target-width"),
            Map.entry("preview_interval", "--preview-every"),
            Map.entry("upscale_factor", "--size"),
            Map.entry("best_of", "--best-of"),
            Map.entry("min_score", "--min-score"),
            Map.entry("max_attempts", "--max-attempts"),
            Map.entry("parameters.style", "--style"),
            Map.entry("parameters.prefix", "--prefix"),
            Map.entry("parameters.num_beams", "--num-beams"),
            Map.entry("parameters.num_return_sequences", "-n"),
            Map.entry("texts[0]", "the text"),
            Map.entry("images[0]", "the picture"),
            Map.entry("parameters.noise_level", "--noise-level"),
            Map.entry("image", "the picture"),
            Map.entry("safety_policy", "--safety-policy"));
    private static final Map<String, String> UPSCALE_OPTIONS = Map.of("parameters.prompt", "--prompt");

    @Override
    public int handleExecutionException(Exception failure, CommandLine command, @Nullable ParseResult parsed) {
        PrintWriter err = command.getErr();
        if (failure instanceof StatusRuntimeException status) {
            ErrorDetails details = ErrorDetails.of(status);
            print(details, command.getCommandName(), err);
            return CALLERS_FAULT.contains(details.code()) ? REFUSED : FAILED;
        }
        err.println("darkroom: "
                + Objects.requireNonNullElse(
                        failure.getMessage(), failure.getClass().getSimpleName()));
        return failure instanceof IllegalArgumentException ? REFUSED : FAILED;
    }

    private static void print(ErrorDetails details, String command, PrintWriter err) {
        if (details.domain().isEmpty() && details.code() == Status.Code.UNAVAILABLE) {
            err.println("darkroom: no gateway answers there. 'darkroom serve' starts one and prints its address.");
            return;
        }
        err.println(
                "darkroom: " + (details.violations().isEmpty() ? details.message() : "this cannot be done as asked:"));
        details.violations().forEach(it -> err.println("  " + option(it.field(), command) + ": " + it.description()));
        details.metadata().forEach((key, value) -> err.println("  " + key.replace('_', ' ') + ": " + value));
        if (details.code() == Status.Code.UNAUTHENTICATED) {
            err.println("  Put the key into the environment variable DARKROOM_API_KEY.");
        }
        if (details.retryAfter() != null) {
            err.printf(
                    "  Try again in %d s.%n", Math.max(1, details.retryAfter().toSeconds()));
        }
    }

    private static String option(String field, String command) {
        String option = OPTIONS.getOrDefault(field, field);
        return command.equals("upscale") ? UPSCALE_OPTIONS.getOrDefault(field, option) : option;
    }
}
