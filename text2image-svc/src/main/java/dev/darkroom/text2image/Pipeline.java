// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.DegenerateImageException;
import dev.darkroom.inference.diffusion.StepBatcher;
import dev.darkroom.inference.diffusion.Work;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.scheduler.Schedule;
import dev.darkroom.inference.scheduler.SchedulerConfig;
import dev.darkroom.inference.scheduler.StepPlan;
import java.util.List;
import java.util.function.Consumer;

/** Makes pictures; one implementation for each family of models. Thread-safe; closes its networks when it is closed. */
sealed interface Pipeline extends AutoCloseable
        permits StableDiffusionPipeline,
                LatentConsistencyPipeline,
                PixArtPipeline,
                StableDiffusionXlPipeline,
                StableDiffusionXlRefinerPipeline {
    /** Returns what it has in common with the others: networks, batching, decoding. */
    LatentDiffusion diffusion();

    /** Returns the sampler options of the folder as this family reads them. */
    SchedulerConfig scheduler();

    PipelineDefaults defaults();

    /** Returns the most that a request may set as clip_skip. */
    int maxClipSkip();

    /** Returns the window of the text encoder, in tokens. */
    int promptWindow();

    /** Tells whether it draws nothing without a picture to start from. */
    default boolean requiresImage() {
        return false;
    }

    /** Tells whether a {@link Finish.Refined} can follow. */
    default boolean canHandOver() {
        return false;
    }

    /** Tells whether {@link SizeConditions} have a meaning. */
    default boolean toldSizes() {
        return false;
    }

    /** Returns the steps that a request's schedule is laid out in. */
    default StepPlan plan(GenerationRequest request) {
        return new StepPlan.Count(request.numInferenceSteps());
    }

    /** Lays the denoising loop of a request out. */
    default Loop loop(GenerationRequest request) {
        Schedule schedule = request.schedule(this);
        return new Loop("denoise", schedule, LatentDiffusion.steps(request, schedule));
    }

    /** Returns {@link #loop} and those that follow it. */
    default List<Loop> loops(GenerationRequest request) {
        return List.of(loop(request));
    }

    /** Announces a request, which from now on has its place among all requests. The caller closes it. */
    default Work open(StepBatcher batcher, GenerationRequest request, Cancellation cancellation) {
        return diffusion().open(batcher, request, LatentDiffusion.steps(request, request.schedule(this)), cancellation);
    }

    /**
     * Makes the pictures of a request.
     *
     * @throws java.util.concurrent.CancellationException within one step after {@code work} is cancelled
     * @throws DegenerateImageException if a picture is not finite or a single colour
     */
    List<RgbImage> generate(GenerationRequest request, Consumer<GenerationEvent> events, Work work);

    @Override
    default void close() {
        diffusion().networks().close();
    }
}
