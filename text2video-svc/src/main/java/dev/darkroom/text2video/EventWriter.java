// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2video;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.darkroom.inference.image.PngWriter;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.media.v1.Preview;
import dev.darkroom.media.v1.Queued;
import dev.darkroom.media.v1.StageStarted;
import dev.darkroom.media.v1.Warning;
import dev.darkroom.rpc.ResponseStream;
import dev.darkroom.text2video.v1.GenerateResponse;
import dev.darkroom.text2video.v1.GenerationCompleted;
import dev.darkroom.text2video.v1.StageProgress;
import dev.darkroom.text2video.v1.VideoFrame;

/**
 * Numbers events and writes them to the call. Progress never waits for the reader, who sees the latest of each kind; frames, the clip and the end do wait.
 * Not thread-safe.
 */
final class EventWriter {
    private final ResponseStream<GenerateResponse> stream;
    private long sequence;

    EventWriter(ResponseStream<GenerateResponse> stream) {
        this.stream = stream;
    }

    void queued(int position) {
        stream.offer(
                "queued",
                next().setQueued(Queued.newBuilder().setPosition(position)).build());
    }

    void stage(Stage stage) {
        stream.offer(
                "stage " + stage,
                next().setStageStarted(StageStarted.newBuilder().setStage(stage.label()))
                        .build());
    }

    void progress(Stage stage, int done, int of, long etaMillis) {
        stream.offer(
                "progress " + stage,
                next().setProgress(StageProgress.newBuilder()
                                .setStage(stage.label())
                                .setDone(done)
                                .setOf(of)
                                .setEtaMillis(etaMillis))
                        .build());
    }

    /**
     * Sends a rough frame.
     *
     * @param index in the contact strip
     * @param step from 1
     */
    void preview(int index, int step, RgbImage image) {
        stream.offer(
                "preview " + index,
                next().setPreview(Preview.newBuilder()
                                .setIndex(index)
                                .setStep(step)
                                .setPng(png(Thumbnail.of(image))))
                        .build());
    }

    void warning(String reason, String message) {
        stream.offer(
                "warning " + message,
                next().setWarning(Warning.newBuilder().setReason(reason).setMessage(message))
                        .build());
    }

    void frame(int index, RgbImage image) {
        stream.send(next().setFrame(VideoFrame.newBuilder().setIndex(index).setPng(png(image)))
                .build());
    }

    private static ByteString png(RgbImage image) {
        return UnsafeByteOperations.unsafeWrap(PngWriter.encode(image, ""));
    }

    void clip(Clip clip) {
        stream.send(next().setVideo(clip.describe()).build());
        clip.forEachChunk(chunk -> stream.send(next().setVideoChunk(chunk).build()));
    }

    void completed(GenerationCompleted completed) {
        stream.send(next().setCompleted(completed).build());
    }

    private GenerateResponse.Builder next() {
        return GenerateResponse.newBuilder().setSequence(++sequence);
    }
}
