// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.google.protobuf.ByteString;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import dev.darkroom.caption.v1.AlignmentLimits;
import dev.darkroom.caption.v1.AlignmentModel;
import dev.darkroom.caption.v1.CaptionLimits;
import dev.darkroom.caption.v1.CaptionModel;
import dev.darkroom.caption.v1.CaptionOutcome;
import dev.darkroom.caption.v1.CaptionParameters;
import dev.darkroom.caption.v1.CaptionResponse;
import dev.darkroom.caption.v1.GeneratedCaption;
import dev.darkroom.caption.v1.ScoreAlignmentResponse;
import dev.darkroom.gateway.v1.Candidate;
import dev.darkroom.gateway.v1.CaptionImageRequest;
import dev.darkroom.gateway.v1.CaptionImageResponse;
import dev.darkroom.gateway.v1.DeliveredImage;
import dev.darkroom.gateway.v1.DeliveredUpscale;
import dev.darkroom.gateway.v1.DeliveredVideo;
import dev.darkroom.gateway.v1.GenerationServiceGrpc;
import dev.darkroom.gateway.v1.ImagesCompleted;
import dev.darkroom.gateway.v1.ListModelsRequest;
import dev.darkroom.gateway.v1.ListModelsResponse;
import dev.darkroom.gateway.v1.ModelServiceGrpc;
import dev.darkroom.gateway.v1.ScoreImagesRequest;
import dev.darkroom.gateway.v1.ScoreImagesResponse;
import dev.darkroom.gateway.v1.Selection;
import dev.darkroom.gateway.v1.StreamGenerateImagesRequest;
import dev.darkroom.gateway.v1.StreamGenerateImagesResponse;
import dev.darkroom.gateway.v1.StreamGenerateVideoRequest;
import dev.darkroom.gateway.v1.StreamGenerateVideoResponse;
import dev.darkroom.gateway.v1.StreamUpscaleImageRequest;
import dev.darkroom.gateway.v1.StreamUpscaleImageResponse;
import dev.darkroom.gateway.v1.UpscaleCompleted;
import dev.darkroom.gateway.v1.VideoCompleted;
import dev.darkroom.inference.image.PngWriter;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.media.v1.Image;
import dev.darkroom.media.v1.ImageChunk;
import dev.darkroom.media.v1.StageTime;
import dev.darkroom.media.v1.Warning;
import dev.darkroom.safety.v1.OutputVerdict;
import dev.darkroom.text2image.v1.GeneratedImage;
import dev.darkroom.text2image.v1.ImageLimits;
import dev.darkroom.text2image.v1.ImageModel;
import dev.darkroom.text2image.v1.ImageParameters;
import dev.darkroom.text2image.v1.UpscaleLimits;
import dev.darkroom.text2image.v1.UpscaleModel;
import dev.darkroom.text2image.v1.UpscaleParameters;
import dev.darkroom.text2video.v1.StageProgress;
import dev.darkroom.text2video.v1.UsedModel;
import dev.darkroom.text2video.v1.Video;
import dev.darkroom.text2video.v1.VideoChunk;
import dev.darkroom.text2video.v1.VideoModel;
import dev.darkroom.text2video.v1.VideoParameters;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;

/** A gateway on a loopback port whose pictures are plain, and which holds back those that it is told to. */
final class TestingGateway implements AutoCloseable {
    private static final int BASE = 64;
    static final ByteString CLIP = ByteString.copyFrom(plain(40));

    /** What was asked for, in the order of its arrival. */
    final Queue<StreamGenerateImagesRequest> images = new ConcurrentLinkedQueue<>();

    final Queue<StreamGenerateVideoRequest> videos = new ConcurrentLinkedQueue<>();
    final Queue<StreamUpscaleImageRequest> upscalings = new ConcurrentLinkedQueue<>();
    final Queue<CaptionImageRequest> captionings = new ConcurrentLinkedQueue<>();
    final Queue<ScoreImagesRequest> scorings = new ConcurrentLinkedQueue<>();
    /** What pictures are described with; none: the model is not sure. */
    volatile List<String> words = List.of("a red fox");
    /** Indexes of pictures that are held back; of an upscaling and of a clip it is 0. */
    volatile Set<Integer> blocked = Set.of();
    /** Field that every upscaling is refused for; empty: none. */
    volatile String badField = "";
    /** Prompt that is refused; empty: none. */
    volatile String refusedPrompt = "";

    private final Server server;

    TestingGateway() throws IOException {
        server = Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
                .addService(new Generation())
                .addService(new Models())
                .maxInboundMessageSize(17 << 20)
                .build()
                .start();
    }

    String address() {
        return "127.0.0.1:" + server.getPort();
    }

    @Override
    public void close() {
        server.shutdownNow();
    }

    private final class Generation extends GenerationServiceGrpc.GenerationServiceImplBase {
        @Override
        public void streamGenerateImages(
                StreamGenerateImagesRequest request, StreamObserver<StreamGenerateImagesResponse> responses) {
            images.add(request);
            if (request.getParameters().getPrompt().equals(refusedPrompt)) {
                responses.onError(refusal("parameters.prompt"));
                return;
            }
            int count = Math.max(1, request.getParameters().getNumImagesPerPrompt());
            int factor = Math.max(1, request.getUpscaleFactor());
            for (int index = 0; index < count; index++) {
                draw(index, BASE * factor, responses);
            }
            ImagesCompleted.Builder completed = ImagesCompleted.newBuilder();
            if (request.hasBestOf()) {
                completed.setSelection(selection(request.getBestOf(), count));
            }
            responses.onNext(StreamGenerateImagesResponse.newBuilder()
                    .setCompleted(completed
                            .setParameters(ImageParameters.newBuilder()
                                    .setModel("plain")
                                    .setScheduler("ddim")
                                    .setNumInferenceSteps(25)
                                    .setWidth(BASE)
                                    .setHeight(BASE))
                            .setUpscaleFactor(factor)
                            .setUpscale(UpscaleParameters.newBuilder()
                                    .setModel("plainer")
                                    .setNumInferenceSteps(8))
                            .addStageTimes(time("text_encoder", 20))
                            .addStageTimes(time("denoise", 810))
                            .addStageTimes(time("check_output", 30)))
                    .build());
            responses.onCompleted();
        }

        @Override
        public void streamGenerateVideo(
                StreamGenerateVideoRequest request, StreamObserver<StreamGenerateVideoResponse> responses) {
            videos.add(request);
            boolean held = blocked.contains(0);
            DeliveredVideo.Builder delivered =
                    DeliveredVideo.newBuilder().setOutputVerdict(verdict(held)).setCheckedFrames(5);
            responses.onNext(StreamGenerateVideoResponse.newBuilder()
                    .setProgress(StageProgress.newBuilder()
                            .setStage("base_frames")
                            .setDone(1)
                            .setOf(1))
                    .build());
            if (held) {
                delivered.addCategories("weapons");
            } else {
                delivered.setVideo(Video.newBuilder()
                        .setWidth(4 * BASE)
                        .setHeight(4 * BASE)
                        .setNumFrames(46)
                        .setFrameRate(24)
                        .setDurationMillis(1917)
                        .setMediaType("video/mp4")
                        .setSizeBytes(CLIP.size())
                        .setSha256(Picture.sha256(CLIP.toByteArray())));
            }
            responses.onNext(
                    StreamGenerateVideoResponse.newBuilder().setVideo(delivered).build());
            for (int offset = 0; !held && offset < CLIP.size(); offset += 1_000) {
                responses.onNext(StreamGenerateVideoResponse.newBuilder()
                        .setVideoChunk(VideoChunk.newBuilder()
                                .setOffset(offset)
                                .setData(CLIP.substring(offset, Math.min(offset + 1_000, CLIP.size()))))
                        .build());
            }
            responses.onNext(StreamGenerateVideoResponse.newBuilder()
                    .setCompleted(VideoCompleted.newBuilder()
                            .setParameters(VideoParameters.newBuilder()
                                    .setModel("mover")
                                    .setScheduler("ddim")
                                    .setNumInferenceSteps(15)
                                    .setNumFrames(16)
                                    .setWidth(BASE)
                                    .setHeight(BASE)
                                    .setSpatialFactor(4)
                                    .setSeed(7))
                            .setUpscaler(UsedModel.newBuilder().setName("plainer"))
                            .addStageTimes(time("base_frames", 810))
                            .addStageTimes(time("spatial_super_resolution", 1500)))
                    .build());
            responses.onCompleted();
        }

        @Override
        public void captionImage(CaptionImageRequest request, StreamObserver<CaptionImageResponse> responses) {
            captionings.add(request);
            if (!badField.isEmpty() || !isPicture(request.getImage())) {
                responses.onError(refusal(badField.isEmpty() ? "image" : badField));
                return;
            }
            CaptionResponse.Builder caption = CaptionResponse.newBuilder()
                    .setOutcome(
                            words.isEmpty()
                                    ? CaptionOutcome.CAPTION_OUTCOME_LOW_CONFIDENCE
                                    : CaptionOutcome.CAPTION_OUTCOME_CAPTIONED)
                    .setConfidence(0.25f)
                    .setMinConfidence(0.5f)
                    .setParameters(
                            CaptionParameters.newBuilder().setModel("teller").setNumBeams(3));
            words.forEach(it -> caption.addCaptions(
                    GeneratedCaption.newBuilder().setText(it).setConfidence(0.93f)));
            responses.onNext(
                    CaptionImageResponse.newBuilder().setCaption(caption).build());
            responses.onCompleted();
        }

        /** The more bytes, the better. */
        @Override
        public void scoreImages(ScoreImagesRequest request, StreamObserver<ScoreImagesResponse> responses) {
            scorings.add(request);
            if (!isPicture(request.getImages(0))) {
                responses.onError(refusal("images[0]"));
                return;
            }
            responses.onNext(ScoreImagesResponse.newBuilder()
                    .setAlignment(ScoreAlignmentResponse.newBuilder()
                            .setModel("judge")
                            .addScores(request.getImages(0).size() / 1_000f))
                    .build());
            responses.onCompleted();
        }

        private static boolean isPicture(ByteString file) {
            return file.startsWith(ByteString.copyFrom(plain(1), 0, 4));
        }

        private void draw(int index, int side, StreamObserver<StreamGenerateImagesResponse> responses) {
            boolean held = blocked.contains(index);
            byte[] png = held ? new byte[0] : plain(side);
            DeliveredImage.Builder delivered = DeliveredImage.newBuilder()
                    .setGenerated(GeneratedImage.newBuilder()
                            .setImage(announcement(index, side, png))
                            .setSeed(7 + index))
                    .setOutputVerdict(verdict(held));
            if (held) {
                delivered.addCategories("weapons");
                responses.onNext(StreamGenerateImagesResponse.newBuilder()
                        .setWarning(Warning.newBuilder()
                                .setReason("IMAGE_BLOCKED")
                                .setMessage("Picture " + (index + 1) + " is held back."))
                        .build());
            }
            responses.onNext(StreamGenerateImagesResponse.newBuilder()
                    .setImage(delivered)
                    .build());
            if (!held) {
                responses.onNext(StreamGenerateImagesResponse.newBuilder()
                        .setImageChunk(chunk(index, png))
                        .build());
            }
        }

        @Override
        public void streamUpscaleImage(
                StreamUpscaleImageRequest request, StreamObserver<StreamUpscaleImageResponse> responses) {
            upscalings.add(request);
            if (!badField.isEmpty()) {
                responses.onError(refusal(badField));
                return;
            }
            boolean held = blocked.contains(0);
            byte[] png = held ? new byte[0] : plain(4 * BASE);
            DeliveredUpscale.Builder delivered = DeliveredUpscale.newBuilder()
                    .setImage(announcement(0, 4 * BASE, png))
                    .setOutputVerdict(verdict(held));
            if (held) {
                delivered.addCategories("weapons");
            }
            responses.onNext(
                    StreamUpscaleImageResponse.newBuilder().setImage(delivered).build());
            if (!held) {
                responses.onNext(StreamUpscaleImageResponse.newBuilder()
                        .setImageChunk(chunk(0, png))
                        .build());
            }
            responses.onNext(StreamUpscaleImageResponse.newBuilder()
                    .setCompleted(UpscaleCompleted.newBuilder()
                            .setParameters(UpscaleParameters.newBuilder()
                                    .setModel("plainer")
                                    .setScheduler("ddim")
                                    .setNumInferenceSteps(8)
                                    .setNoiseLevel(20)
                                    .mergeFrom(request.getParameters()))
                            .addStageTimes(time("upscale", 400)))
                    .build());
            responses.onCompleted();
        }
    }

    /** The first ones are delivered; the last one is blocked. */
    private static Selection selection(int bestOf, int delivered) {
        Selection.Builder selection = Selection.newBuilder().setBestOf(bestOf).setModel("judge");
        for (int index = 0; index < bestOf; index++) {
            Candidate.Builder candidate = Candidate.newBuilder().setAttempt(1).setSeed(7 + index);
            if (index < delivered) {
                candidate.setDeliveredIndex(index);
            }
            selection.addCandidates(index == bestOf - 1 ? candidate : candidate.setScore(1 - index / 4f));
        }
        return selection.build();
    }

    private static final class Models extends ModelServiceGrpc.ModelServiceImplBase {
        @Override
        public void listModels(ListModelsRequest request, StreamObserver<ListModelsResponse> responses) {
            responses.onNext(ListModelsResponse.newBuilder()
                    .addImageModels(ImageModel.newBuilder()
                            .setName("plain")
                            .setDefaultUpscaleFactor(4)
                            .setDefaults(ImageParameters.newBuilder()
                                    .setScheduler("ddim")
                                    .setWidth(BASE)
                                    .setHeight(BASE))
                            .addSchedulers("ddim")
                            .setLimits(ImageLimits.newBuilder()
                                    .setMinSize(16)
                                    .setMaxSize(256)
                                    .setSizeMultiple(8)
                                    .setMaxNumInferenceSteps(1_000)
                                    .setMaxNumImagesPerPrompt(16)))
                    .addUpscaleModels(UpscaleModel.newBuilder()
                            .setName("plainer")
                            .setPipeline("StableDiffusionUpscalePipeline")
                            .setScaleFactor(4)
                            .addSchedulers("ddim")
                            .setDefaults(UpscaleParameters.newBuilder()
                                    .setScheduler("ddim")
                                    .setNumInferenceSteps(8)
                                    .setNoiseLevel(20))
                            .setLimits(UpscaleLimits.newBuilder()
                                    .setMinSize(16)
                                    .setMaxSize(256)
                                    .setMaxNoiseLevel(350)
                                    .setMaxImageBytes(16 << 20)))
                    .addVideoModels(VideoModel.newBuilder()
                            .setName("mover")
                            .setPipeline("TextToVideoSDPipeline")
                            .setDefaults(VideoParameters.newBuilder()
                                    .setNumFrames(16)
                                    .setFrameRate(8)
                                    .setSpatialFactor(4)
                                    .setTemporalFactor(3)))
                    .addCaptionModels(CaptionModel.newBuilder()
                            .setName("teller")
                            .setModelType("vision-encoder-decoder")
                            .setImageSize(64)
                            .setDefaults(CaptionParameters.newBuilder()
                                    .setNumBeams(3)
                                    .setMaxNewTokens(20))
                            .setLimits(
                                    CaptionLimits.newBuilder().setMaxNumBeams(8).setMaxNewTokens(64)))
                    .addAlignmentModels(AlignmentModel.newBuilder()
                            .setName("judge")
                            .setModelType("clip")
                            .setImageSize(64)
                            .setLimits(AlignmentLimits.newBuilder().setTextWindow(77)))
                    .build());
            responses.onCompleted();
        }
    }

    static byte[] plain(int side) {
        return PngWriter.encode(RgbImage.of(side, side, new byte[3 * side * side]), "");
    }

    private static Image announcement(int index, int side, byte[] png) {
        return Image.newBuilder()
                .setIndex(index)
                .setWidth(side)
                .setHeight(side)
                .setMediaType("image/png")
                .setSizeBytes(png.length)
                .setSha256(png.length == 0 ? "" : Picture.sha256(png))
                .build();
    }

    private static ImageChunk chunk(int index, byte[] png) {
        return ImageChunk.newBuilder()
                .setIndex(index)
                .setData(ByteString.copyFrom(png))
                .build();
    }

    private static OutputVerdict verdict(boolean held) {
        return held ? OutputVerdict.OUTPUT_VERDICT_BLOCKED : OutputVerdict.OUTPUT_VERDICT_ALLOWED;
    }

    private static StageTime time(String stage, long millis) {
        return StageTime.newBuilder().setStage(stage).setMillis(millis).build();
    }

    private static StatusRuntimeException refusal(String field) {
        BadRequest details = BadRequest.newBuilder()
                .addFieldViolations(
                        BadRequest.FieldViolation.newBuilder().setField(field).setDescription("must be better"))
                .build();
        return StatusProto.toStatusRuntimeException(com.google.rpc.Status.newBuilder()
                .setCode(io.grpc.Status.Code.INVALID_ARGUMENT.value())
                .setMessage("1 field is wrong")
                .addDetails(com.google.protobuf.Any.pack(ErrorInfo.newBuilder()
                        .setDomain("darkroom.dev")
                        .setReason("REQUEST_INVALID")
                        .build()))
                .addDetails(com.google.protobuf.Any.pack(details))
                .build());
    }
}
