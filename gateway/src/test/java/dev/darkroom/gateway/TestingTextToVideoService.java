// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import com.google.protobuf.ByteString;
import dev.darkroom.media.v1.Fingerprint;
import dev.darkroom.media.v1.Preview;
import dev.darkroom.media.v1.Queued;
import dev.darkroom.media.v1.StageStarted;
import dev.darkroom.media.v1.StageTime;
import dev.darkroom.text2video.v1.Encoder;
import dev.darkroom.text2video.v1.GenerateRequest;
import dev.darkroom.text2video.v1.GenerateResponse;
import dev.darkroom.text2video.v1.GenerationCompleted;
import dev.darkroom.text2video.v1.ListModelsRequest;
import dev.darkroom.text2video.v1.ListModelsResponse;
import dev.darkroom.text2video.v1.StageProgress;
import dev.darkroom.text2video.v1.TextToVideoServiceGrpc;
import dev.darkroom.text2video.v1.UsedModel;
import dev.darkroom.text2video.v1.Video;
import dev.darkroom.text2video.v1.VideoChunk;
import dev.darkroom.text2video.v1.VideoContainer;
import dev.darkroom.text2video.v1.VideoFrame;
import dev.darkroom.text2video.v1.VideoLimits;
import dev.darkroom.text2video.v1.VideoModel;
import dev.darkroom.text2video.v1.VideoParameters;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;

/** Makes clips of pseudo-random bytes, whose frames are known by their index. */
final class TestingTextToVideoService extends TextToVideoServiceGrpc.TextToVideoServiceImplBase {
    static final VideoModel MODEL = VideoModel.newBuilder()
            .setName("mover")
            .setDefaults(VideoParameters.newBuilder()
                    .setNumInferenceSteps(2)
                    .setGuidanceScale(2)
                    .setScheduler("ddim")
                    .setNumFrames(11)
                    .setFrameRate(8)
                    .setWidth(64)
                    .setHeight(64)
                    .setSpatialFactor(1)
                    .setTemporalFactor(1)
                    .setQuality(80))
            .setLimits(VideoLimits.newBuilder()
                    .setMinSize(8)
                    .setMaxSize(256)
                    .setSizeMultiple(8)
                    .setMaxNumInferenceSteps(100)
                    .setMaxNumFrames(100))
            .addSchedulers("ddim")
            .build();
    static final byte[] CLIP = TestingTextToImageService.pixels(99, 150_000);

    private static final int CHUNK_BYTES = 65_536;

    /** What was asked for, in the order of its arrival. */
    final Queue<GenerateRequest> requests = new ConcurrentLinkedQueue<>();
    /** Counted down when a call is cancelled. */
    final CountDownLatch cancelled = new CountDownLatch(1);
    /** Whether the clip comes after the last frame, or never. */
    volatile boolean ends = true;

    /** Returns a frame as it is sent. */
    static ByteString frame(int index) {
        return ByteString.copyFrom(TestingTextToImageService.pixels(1_000 + index, 400));
    }

    /** Returns a preview as it is sent. */
    static ByteString preview(int index) {
        return ByteString.copyFrom(TestingTextToImageService.pixels(2_000 + index, 200));
    }

    @Override
    public void generate(GenerateRequest request, StreamObserver<GenerateResponse> responses) {
        requests.add(request);
        ((ServerCallStreamObserver<GenerateResponse>) responses).setOnCancelHandler(cancelled::countDown);
        Sender sender = new Sender(responses);
        VideoParameters used = MODEL.getDefaults().toBuilder()
                .mergeFrom(request.getParameters())
                .build();
        sender.send(event().setQueued(Queued.getDefaultInstance()));
        sender.send(event().setStageStarted(StageStarted.newBuilder().setStage("base_frames")));
        sender.send(event().setProgress(StageProgress.newBuilder()
                .setStage("base_frames")
                .setDone(1)
                .setOf(2)
                .setEtaMillis(50)));
        for (int index = 0; request.getPreviewInterval() > 0 && index < 4; index++) {
            sender.send(event().setPreview(Preview.newBuilder().setIndex(index).setPng(preview(index))));
        }
        sender.send(event().setStageStarted(StageStarted.newBuilder().setStage("encoding")));
        for (int index = 0; index < used.getNumFrames(); index++) {
            sender.send(event().setFrame(VideoFrame.newBuilder().setIndex(index).setPng(frame(index))));
        }
        if (ends) {
            end(used, sender);
            responses.onCompleted();
        }
    }

    private static void end(VideoParameters used, Sender sender) {
        sender.send(event().setVideo(Video.newBuilder()
                .setWidth(64)
                .setHeight(64)
                .setNumFrames(used.getNumFrames())
                .setFrameRate(8)
                .setMediaType("video/mp4")
                .setSizeBytes(CLIP.length)
                .setSha256(TestingTextToImageService.sha256(CLIP))));
        for (int offset = 0; offset < CLIP.length; offset += CHUNK_BYTES) {
            int length = Math.min(CHUNK_BYTES, CLIP.length - offset);
            sender.send(event().setVideoChunk(VideoChunk.newBuilder()
                    .setOffset(offset)
                    .setData(ByteString.copyFrom(CLIP, offset, length))));
        }
        sender.send(event().setCompleted(GenerationCompleted.newBuilder()
                .setParameters(used)
                .setFingerprint(Fingerprint.newBuilder().setModelDigest("1".repeat(64)))
                .setUpscaler(UsedModel.newBuilder().setName("larger"))
                .addCuts(3)
                .addStageTimes(StageTime.newBuilder().setStage("base_frames").setMillis(70))));
    }

    private static GenerateResponse.Builder event() {
        return GenerateResponse.newBuilder();
    }

    /** Numbers events. */
    private static final class Sender {
        private final StreamObserver<GenerateResponse> responses;
        private long sequence;

        Sender(StreamObserver<GenerateResponse> responses) {
            this.responses = responses;
        }

        void send(GenerateResponse.Builder event) {
            responses.onNext(event.setSequence(++sequence).build());
        }
    }

    @Override
    public void listModels(ListModelsRequest request, StreamObserver<ListModelsResponse> responses) {
        responses.onNext(ListModelsResponse.newBuilder()
                .addModels(MODEL)
                .setSpatialFactor(4)
                .addEncoders(Encoder.newBuilder()
                        .setContainer(VideoContainer.VIDEO_CONTAINER_WEBM)
                        .setCodec("libvpx-vp9"))
                .build());
        responses.onCompleted();
    }
}
