// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.inference.diffusion.LoopState;
import dev.darkroom.inference.diffusion.Work;
import dev.darkroom.inference.scheduler.SchedulerOutput;
import dev.darkroom.inference.tensor.Tensor;
import java.util.function.Consumer;

/** Tells how a denoising loop goes on, with previews where they are due. Not thread-safe. */
final class LoopProgress {
    private final Loop loop;
    private final GenerationRequest request;
    private final LatentDiffusion diffusion;
    private final PictureNoise noise;
    private final Consumer<GenerationEvent> events;
    private final Work work;
    private final StepClock clock = new StepClock();
    private final int first;
    private int step;

    /**
     * Tells that the loop begins.
     *
     * @param resume where
     * @param noise what the loop draws from
     */
    LoopProgress(
            Loop loop,
            LoopState resume,
            GenerationRequest request,
            LatentDiffusion diffusion,
            PictureNoise noise,
            Consumer<GenerationEvent> events,
            Work work) {
        this.loop = loop;
        this.request = request;
        this.diffusion = diffusion;
        this.noise = noise;
        this.events = events;
        this.work = work;
        this.first = resume.step() - loop.steps().first();
        this.step = first;
        events.accept(new GenerationEvent.StageStarted(loop.stage()));
    }

    /**
     * Tells of the next step. What the listener throws ends the loop.
     *
     * @param latents that the loop goes on with
     */
    void completed(Tensor latents, SchedulerOutput output) {
        step++;
        int count = loop.steps().count();
        long etaMillis = clock.etaMillis(step - first, count - step);
        var state = new LoopState(loop.steps().first() + step, latents, output.history(), noise.positions());
        events.accept(new GenerationEvent.StepCompleted(loop.stage(), step, count, etaMillis, state));
        if (request.previewsAfter(step, count)) {
            preview(output.predOriginalSample());
        }
    }

    private void preview(Tensor latents) {
        for (int image = 0; image < latents.dim(0); image++) {
            int index = request.resume().pictures().get(image);
            diffusion
                    .rough(latents.row(image), work)
                    .ifPresent(picture -> events.accept(new GenerationEvent.Preview(index, step, picture)));
        }
    }
}
