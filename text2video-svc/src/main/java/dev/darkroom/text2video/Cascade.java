// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2video;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.diffusion.StepBatcher;
import dev.darkroom.inference.diffusion.Work;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.tensor.Tensor;
import dev.darkroom.inference.video.VideoWriter;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes one clip: base frames as latents, then frame after frame through all that follows, so that two frames are in memory whatever the length of the
 * clip. Used by one thread.
 */
final class Cascade {
    private static final int STRIP = 4;

    private final VideoRequest request;
    private final TextToVideoPipeline pipeline;
    private final @Nullable SpatialStage spatial;
    private final @Nullable TemporalStage temporal;
    private final StepBatcher batcher;
    private final Work work;
    private final EventWriter events;
    private final CascadeClock clock;
    private final List<Integer> cuts = new ArrayList<>();
    private int written;

    /**
     * @param work of the base frames
     */
    Cascade(VideoRequest request, VideoFolder video, Models models, Work work, EventWriter events) {
        this.request = request;
        this.pipeline = video.pipeline();
        this.spatial = request.spatialFactor() > 1 ? models.spatial().orElseThrow() : null;
        this.temporal = request.temporalFactor() > 1 ? models.temporal().orElseThrow() : null;
        this.batcher = models.batcher();
        this.work = work;
        this.events = events;
        this.clock = new CascadeClock(request, request.schedule(pipeline).length(), models.pace(), events);
    }

    /**
     * Makes the clip.
     *
     * @param writer takes its frames; it is finished, not closed
     * @throws java.util.concurrent.CancellationException within one step or one frame after the work is cancelled
     * @throws dev.darkroom.inference.DegenerateImageException if a frame is no picture
     */
    void run(VideoWriter writer) {
        Tensor latents = pipeline.denoise(request, new Denoising(), work); // (F, C, h, w)
        @Nullable RgbImage previous = null;
        for (int index = 0; index < request.numFrames(); index++) {
            RgbImage frame = enlarged(decoded(latents, index));
            if (previous != null && temporal != null) {
                between(previous, frame, index, temporal, writer);
            }
            write(frame, writer);
            previous = frame;
        }
        clock.time(Stage.ENCODING, () -> {
            writer.finish();
            return true;
        });
    }

    private RgbImage decoded(Tensor latents, int index) {
        return clock.time(Stage.BASE_FRAMES, () -> pipeline.frame(latents, index, work));
    }

    private RgbImage enlarged(RgbImage frame) {
        SpatialStage stage = spatial;
        if (stage == null) {
            return frame;
        }
        Cancellation cancellation = work.cancellation();
        RgbImage large =
                clock.time(Stage.SPATIAL_SUPER_RESOLUTION, () -> stage.enlarge(frame, request, batcher, cancellation));
        clock.completed(Stage.SPATIAL_SUPER_RESOLUTION);
        return large;
    }

    /** Over a cut nothing is blended: the frame before it is held. */
    private void between(RgbImage previous, RgbImage frame, int index, TemporalStage stage, VideoWriter writer) {
        boolean cut = clock.time(Stage.TEMPORAL_SUPER_RESOLUTION, () -> stage.isCut(previous, frame));
        if (cut) {
            cuts.add(index);
        }
        for (int k = 1; k < request.temporalFactor(); k++) {
            float time = (float) k / request.temporalFactor();
            RgbImage drawn = cut
                    ? previous
                    : clock.time(Stage.TEMPORAL_SUPER_RESOLUTION, () -> stage.between(previous, frame, time, work));
            clock.completed(Stage.TEMPORAL_SUPER_RESOLUTION);
            write(drawn, writer);
        }
    }

    private void write(RgbImage frame, VideoWriter writer) {
        work.cancellation().check();
        clock.time(Stage.ENCODING, () -> {
            writer.add(frame);
            return true;
        });
        clock.completed(Stage.ENCODING);
        if (request.includeFrames()) {
            events.frame(written, frame);
        }
        written++;
    }

    /** Returns the base frames before which the scene changes. */
    List<Integer> cuts() {
        return cuts;
    }

    CascadeClock clock() {
        return clock;
    }

    /** Tells of the steps, with previews where they are due. */
    private final class Denoising implements TextToVideoPipeline.Progress {
        private long since = System.nanoTime();

        Denoising() {
            clock.begin(Stage.TEXT_ENCODER);
        }

        @Override
        public void denoisingStarted() {
            clock.add(Stage.TEXT_ENCODER, lap());
            clock.begin(Stage.BASE_FRAMES);
        }

        @Override
        public void warning(String reason, String message) {
            events.warning(reason, message);
        }

        @Override
        public void stepCompleted(int step, int of, Tensor latents, Tensor predicted) {
            clock.add(Stage.BASE_FRAMES, lap());
            clock.completed(Stage.BASE_FRAMES);
            if (request.previewsAfter(step, of)) {
                preview(step, predicted);
            }
            work.cancellation().check();
        }

        private long lap() {
            long now = System.nanoTime();
            long lap = now - since;
            since = now;
            return lap;
        }

        /** A contact strip: frames evenly spread over the clip. */
        private void preview(int step, Tensor video) {
            int strip = Math.min(STRIP, request.numFrames());
            for (int place = 0; place < strip; place++) {
                int at = place;
                int frame = strip == 1 ? 0 : place * (request.numFrames() - 1) / (strip - 1);
                pipeline.rough(video, frame, work).ifPresent(image -> events.preview(at, step, image));
            }
        }
    }
}
