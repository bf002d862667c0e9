// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import com.google.protobuf.ByteString;
import dev.darkroom.gateway.v1.DeliveredVideo;
import dev.darkroom.gateway.v1.VideoCompleted;
import dev.darkroom.media.v1.StageTime;
import dev.darkroom.rpc.RequestLog;
import dev.darkroom.safety.v1.UsedPolicy;
import dev.darkroom.text2video.v1.GenerateResponse;
import dev.darkroom.text2video.v1.GenerationCompleted;
import dev.darkroom.text2video.v1.Video;
import dev.darkroom.text2video.v1.VideoParameters;
import java.util.ArrayList;
import java.util.List;

/**
 * What becomes of the events of one clip: progress goes on to the caller, frames are looked at as they come, and the clip follows only after the last of
 * them. One generation, one thread.
 *
 * <p>Memory: the frames that {@link FrameCheck} holds. The clip passes through chunk by chunk.
 */
final class VideoGeneration {
    private static final String CHECK = "check_output";

    private final VideoParameters asked;
    private final Delivery<?> delivery;
    private final Previews previews;
    private final FrameCheck frames;
    private GenerationCompleted completed = GenerationCompleted.getDefaultInstance();
    private boolean blocked;
    private boolean checking;

    /**
     * @param policies names of those that apply beside the server's own
     * @param interval as {@link FrameCheck}
     * @param every as {@link FrameCheck}
     */
    VideoGeneration(
            VideoParameters asked,
            List<String> policies,
            OutputCheck outputCheck,
            int interval,
            boolean every,
            Delivery<?> delivery) {
        this.asked = asked;
        this.delivery = delivery;
        this.previews = new Previews(outputCheck, policies, delivery);
        this.frames = new FrameCheck(interval, every, frame -> judge(frame, policies, outputCheck));
    }

    /** Takes the next event, in the order that {@link VideoEventOrder} has seen to; returns whether to go on. */
    boolean accept(GenerateResponse event) {
        switch (event.getEventCase()) {
            case QUEUED -> delivery.queued(event.getQueued());
            case STAGE_STARTED -> delivery.began(event.getStageStarted());
            case PROGRESS -> delivery.progress(event.getProgress());
            case PREVIEW -> previews.accept(event.getPreview());
            case WARNING -> delivery.warning(event.getWarning());
            case FRAME -> blocked = !frames.accept(event.getFrame().getPng());
            case VIDEO -> announce(event.getVideo());
            case VIDEO_CHUNK -> delivery.chunk(event.getVideoChunk());
            case COMPLETED -> completed = event.getCompleted();
            case EVENT_NOT_SET -> {} // an event of a newer service
        }
        if (blocked) {
            holdBack();
            return false;
        }
        previews.sendIfRoom();
        return true;
    }

    private PictureVerdict judge(ByteString frame, List<String> policies, OutputCheck outputCheck) {
        if (!checking) {
            checking = true;
            delivery.stage(CHECK);
        }
        return delivery.timed(CHECK, () -> outputCheck.judge(frame, policies));
    }

    private void announce(Video video) {
        previews.sendLatest();
        blocked = !frames.end();
        if (!blocked) {
            delivery.found("The clip", frames.verdict());
            delivery.video(announcement().setVideo(video).build());
        }
    }

    /** No byte of the clip leaves, and no further one is made. */
    private void holdBack() {
        delivery.found("The clip", frames.verdict());
        delivery.video(announcement().build());
    }

    private DeliveredVideo.Builder announcement() {
        return DeliveredVideo.newBuilder()
                .setOutputVerdict(frames.verdict().verdict())
                .addAllCategories(frames.verdict().categories())
                .setCheckedFrames(frames.looked());
    }

    /** Puts what was made into the line of the request's log. */
    void log() {
        VideoParameters used = blocked ? asked : completed.getParameters();
        RequestLog.put("model", used.getModel());
        RequestLog.put("num_inference_steps", used.getNumInferenceSteps());
        RequestLog.put("num_frames", used.getNumFrames());
        RequestLog.put("seed", used.getSeed());
        RequestLog.put("frames_checked", frames.looked());
        RequestLog.put("blocked", blocked);
    }

    /** Returns the last event of the operation. */
    VideoCompleted summary(List<UsedPolicy> usedPolicies) {
        VideoCompleted.Builder summary = VideoCompleted.newBuilder()
                .setParameters(blocked ? asked : completed.getParameters())
                .addAllSafetyPolicies(usedPolicies)
                .addAllStageTimes(stageTimes());
        if (blocked) {
            return summary.build();
        }
        if (completed.hasUpscaler()) {
            summary.setUpscaler(completed.getUpscaler());
        }
        if (completed.hasInterpolator()) {
            summary.setInterpolator(completed.getInterpolator());
        }
        return summary.setFingerprint(completed.getFingerprint())
                .addAllCuts(completed.getCutsList())
                .build();
    }

    /** The stages overlap, so only text2video knows how long each of them worked. */
    private List<StageTime> stageTimes() {
        List<StageTime> own = delivery.stageTimes();
        List<StageTime> times = new ArrayList<>();
        own.stream().filter(time -> !time.getStage().equals(CHECK)).forEach(times::add);
        times.addAll(completed.getStageTimesList());
        own.stream().filter(time -> time.getStage().equals(CHECK)).forEach(times::add);
        return times;
    }
}
