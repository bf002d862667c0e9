// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.inference.diffusion.Work;
import dev.darkroom.inference.scheduler.SchedulerOutput;
import dev.darkroom.inference.tensor.Tensor;
import java.util.function.Consumer;

/** Tells how a denoising loop goes on, with previews where they are due. Not thread-safe. */
final class LoopProgress {
    private final GenerationRequest request;
    private final LatentDiffusion diffusion;
    private final int count;
    private final Consumer<GenerationEvent> events;
    private final Work work;
    private final StepClock clock = new StepClock();
    private int step;

    /**
     * Tells that the loop begins.
     *
     * @param count steps that it makes
     */
    LoopProgress(
            String stage,
            GenerationRequest request,
            LatentDiffusion diffusion,
            int count,
            Consumer<GenerationEvent> events,
            Work work) {
        this.request = request;
        this.diffusion = diffusion;
        this.count = count;
        this.events = events;
        this.work = work;
        events.accept(new GenerationEvent.StageStarted(stage));
    }

    /** Tells of the next step. What the listener throws ends the loop. */
    void completed(SchedulerOutput output) {
        step++;
        events.accept(
                new GenerationEvent.StepCompleted(step, count, clock.etaMillis(step, count), output.prevSample()));
        if (request.previewsAfter(step, count)) {
            preview(output.predOriginalSample());
        }
    }

    private void preview(Tensor latents) {
        for (int image = 0; image < latents.dim(0); image++) {
            int index = image;
            diffusion
                    .rough(latents.row(image), work)
                    .ifPresent(picture -> events.accept(new GenerationEvent.Preview(index, step, picture)));
        }
    }
}
