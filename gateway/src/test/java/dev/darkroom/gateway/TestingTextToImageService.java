// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import com.google.protobuf.ByteString;
import com.google.rpc.BadRequest;
import dev.darkroom.media.v1.Checkpoint;
import dev.darkroom.media.v1.Fingerprint;
import dev.darkroom.media.v1.Image;
import dev.darkroom.media.v1.ImageChunk;
import dev.darkroom.media.v1.Preview;
import dev.darkroom.media.v1.Queued;
import dev.darkroom.media.v1.StageStarted;
import dev.darkroom.media.v1.StepCompleted;
import dev.darkroom.media.v1.Warning;
import dev.darkroom.text2image.v1.GenerateRequest;
import dev.darkroom.text2image.v1.GenerateResponse;
import dev.darkroom.text2image.v1.GeneratedImage;
import dev.darkroom.text2image.v1.GenerationCompleted;
import dev.darkroom.text2image.v1.ImageLimits;
import dev.darkroom.text2image.v1.ImageModel;
import dev.darkroom.text2image.v1.ImageParameters;
import dev.darkroom.text2image.v1.ListModelsRequest;
import dev.darkroom.text2image.v1.ListModelsResponse;
import dev.darkroom.text2image.v1.TextToImageServiceGrpc;
import dev.darkroom.text2image.v1.UpscaleLimits;
import dev.darkroom.text2image.v1.UpscaleModel;
import dev.darkroom.text2image.v1.UpscaleParameters;
import dev.darkroom.text2image.v1.UpscaleRequest;
import dev.darkroom.text2image.v1.UpscaleResponse;
import dev.darkroom.text2image.v1.UpscalingCompleted;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Draws noise from the seed, as large as asked, and sends it as the real service would: only while the reader is ready. What it
 * sends can be altered as a stream, to lose, reorder or break events.
 */
final class TestingTextToImageService extends TextToImageServiceGrpc.TextToImageServiceImplBase {
    static final int CHUNK_BYTES = 65_536;
    private static final int EVENTS_OF_THE_DYING = 4;
    static final ImageModel MODEL = ImageModel.newBuilder()
            .setName("noise")
            .setPipeline("TestingPipeline")
            .setDefaults(ImageParameters.newBuilder()
                    .setModel("noise")
                    .setNumInferenceSteps(4)
                    .setScheduler("ddim")
                    .setWidth(64)
                    .setHeight(64)
                    .setNumImagesPerPrompt(1))
            .setLimits(ImageLimits.newBuilder()
                    .setMinSize(64)
                    .setMaxSize(128)
                    .setSizeMultiple(8)
                    .setMaxNumInferenceSteps(100)
                    .setMaxNumImagesPerPrompt(16)
                    .setMaxPromptLength(2_000)
                    .setPromptWindow(77))
            .addSchedulers("ddim")
            .addSchedulers("euler")
            .build();
    static final UpscaleModel UPSCALER = UpscaleModel.newBuilder()
            .setName("louder-noise")
            .setPipeline("TestingUpscalePipeline")
            .setScaleFactor(4)
            .setDefaults(UpscaleParameters.newBuilder()
                    .setModel("louder-noise")
                    .setNumInferenceSteps(3)
                    .setGuidanceScale(1)
                    .setNoiseLevel(20)
                    .setScheduler("ddim"))
            .setLimits(UpscaleLimits.newBuilder()
                    .setMinSize(16)
                    .setMaxSize(256)
                    .setMaxNumInferenceSteps(50)
                    .setMaxNoiseLevel(350)
                    .setMaxPromptLength(2_000)
                    .setMaxImageBytes(16 << 20))
            .addSchedulers("ddim")
            .setFingerprint(Fingerprint.newBuilder().setModelDigest("1".repeat(64)))
            .build();

    /** The image model that is listed. */
    volatile ImageModel model = MODEL;
    /** The upscalers that are listed. */
    volatile List<UpscaleModel> upscalers = List.of(UPSCALER);
    /** Calls of Upscale, in the order of their arrival. */
    final BlockingQueue<UpscaleCall> upscaleCalls = new LinkedBlockingQueue<>();
    /** What happens to the events of a call of Upscale before they are sent. */
    volatile UnaryOperator<Stream<UpscaleResponse>> upscaleAltered = UnaryOperator.identity();
    /** Which calls of Upscale hang after their last event. */
    volatile Predicate<UpscaleRequest> upscaleHanging = _ -> false;

    private final Map<ByteString, Integer> sizes = new ConcurrentHashMap<>(); // width of each picture that was made

    /** Calls of Generate, in the order of their arrival. */
    final BlockingQueue<Call> calls = new LinkedBlockingQueue<>();
    /** Length of a picture, in bytes. */
    volatile int imageBytes = 100_000;
    /** Length of a preview, in bytes. */
    volatile int previewBytes = 100;
    /** What every call of Generate fails with at once; null: nothing. */
    volatile @Nullable StatusRuntimeException refusal;
    /** What happens to the events of a call before they are sent. */
    volatile UnaryOperator<Stream<GenerateResponse>> altered = UnaryOperator.identity();
    /** Which calls hang after their last event. */
    volatile Predicate<GenerateRequest> hanging = _ -> false;
    /** Whether it goes on from checkpoints; if not, it refuses them. */
    volatile boolean resumes = true;
    /** Which calls lose their connection in the middle of the work. */
    volatile Predicate<GenerateRequest> dying = _ -> false;
    /** While true, calls of ListModels are taken and never answered. */
    volatile boolean silent;

    /** One call of Upscale. */
    static final class UpscaleCall {
        final UpscaleRequest request;
        final CountDownLatch cancelled = new CountDownLatch(1);

        UpscaleCall(UpscaleRequest request) {
            this.request = request;
        }
    }

    /** One call of Generate. */
    static final class Call {
        final GenerateRequest request;
        /** Of the caller; one that has passed, where it set none. */
        final Deadline deadline =
                Objects.requireNonNullElse(Context.current().getDeadline(), Deadline.after(0, TimeUnit.SECONDS));

        final AtomicLong sentBytes = new AtomicLong();
        final AtomicLong sentEvents = new AtomicLong();
        final AtomicBoolean ended = new AtomicBoolean();
        final CountDownLatch cancelled = new CountDownLatch(1);

        Call(GenerateRequest request) {
            this.request = request;
        }
    }

    @Override
    public void generate(GenerateRequest request, StreamObserver<GenerateResponse> observer) {
        var responses = (ServerCallStreamObserver<GenerateResponse>) observer;
        Call call = new Call(request);
        calls.add(call);
        if (request.getParameters().hasNumInferenceSteps()
                && request.getParameters().getNumInferenceSteps() < 1) {
            responses.onError(badSteps());
            return;
        }
        if (!resumes && request.getResumeCount() > 0) {
            responses.onError(TestingUpstream.failure(
                    Status.Code.INVALID_ARGUMENT, "resume[0] is of other parameters", "REQUEST_INVALID"));
            return;
        }
        StatusRuntimeException refused = refusal;
        if (refused != null) {
            responses.onError(refused);
            return;
        }
        Stream<GenerateResponse> planned = altered.apply(numbered(events(request)));
        Iterator<GenerateResponse> events =
                (dying.test(request) ? planned.limit(EVENTS_OF_THE_DYING) : planned).iterator();
        responses.setOnCancelHandler(call.cancelled::countDown);
        responses.setOnReadyHandler(() -> send(events, call, responses));
    }

    private void send(
            Iterator<GenerateResponse> events, Call call, ServerCallStreamObserver<GenerateResponse> responses) {
        while (responses.isReady() && events.hasNext()) {
            GenerateResponse event = events.next();
            responses.onNext(event);
            call.sentEvents.incrementAndGet();
            call.sentBytes.addAndGet(event.getSerializedSize());
        }
        if (!events.hasNext() && !hanging.test(call.request) && call.ended.compareAndSet(false, true)) {
            if (dying.test(call.request)) {
                responses.onError(Status.UNAVAILABLE.asRuntimeException()); // what is seen of a connection that breaks
            } else {
                responses.onCompleted();
            }
        }
    }

    @Override
    public void upscale(UpscaleRequest request, StreamObserver<UpscaleResponse> observer) {
        var responses = (ServerCallStreamObserver<UpscaleResponse>) observer;
        UpscaleCall call = new UpscaleCall(request);
        upscaleCalls.add(call);
        Iterator<UpscaleResponse> events =
                upscaleAltered.apply(numberedUpscale(upscaling(request))).iterator();
        AtomicBoolean ended = new AtomicBoolean();
        responses.setOnCancelHandler(call.cancelled::countDown);
        responses.setOnReadyHandler(() -> {
            while (responses.isReady() && events.hasNext()) {
                responses.onNext(events.next());
            }
            if (!events.hasNext() && !upscaleHanging.test(request) && ended.compareAndSet(false, true)) {
                responses.onCompleted();
            }
        });
    }

    private Stream<UpscaleResponse> upscaling(UpscaleRequest request) {
        UpscaleParameters used = UPSCALER.getDefaults().toBuilder()
                .mergeFrom(request.getParameters())
                .build();
        byte[] pixels = enlarged(request.getImage(), used.getSeed(), imageBytes);
        int width = 4 * sizes.getOrDefault(request.getImage(), 64);
        sizes.put(ByteString.copyFrom(pixels), width);
        return Stream.of(
                        Stream.of(upscaleEvent().setQueued(Queued.getDefaultInstance())),
                        Stream.of(upscaleEvent()
                                .setStageStarted(StageStarted.newBuilder().setStage("denoise"))),
                        IntStream.rangeClosed(1, used.getNumInferenceSteps())
                                .mapToObj(step -> upscaleEvent()
                                        .setStepCompleted(StepCompleted.newBuilder()
                                                .setStep(step)
                                                .setNumInferenceSteps(used.getNumInferenceSteps()))),
                        Stream.of(upscaleEvent().setWarning(Warning.newBuilder().setReason("ALPHA_DROPPED"))),
                        Stream.of(upscaleEvent().setImage(announcement(0, width, pixels))),
                        chunks(0, pixels).map(chunk -> upscaleEvent().setImageChunk(chunk)),
                        Stream.of(upscaleEvent()
                                .setCompleted(UpscalingCompleted.newBuilder()
                                        .setParameters(used)
                                        .setFingerprint(UPSCALER.getFingerprint()))))
                .flatMap(events -> events)
                .map(UpscaleResponse.Builder::build);
    }

    /** What a picture gives with a seed. */
    static byte[] enlarged(ByteString picture, long seed, int length) {
        return pixels(31 * seed + picture.hashCode(), length);
    }

    private static UpscaleResponse.Builder upscaleEvent() {
        return UpscaleResponse.newBuilder();
    }

    private static Stream<UpscaleResponse> numberedUpscale(Stream<UpscaleResponse> events) {
        AtomicLong sequence = new AtomicLong();
        return events.map(event ->
                event.toBuilder().setSequence(sequence.incrementAndGet()).build());
    }

    @Override
    public void listModels(ListModelsRequest request, StreamObserver<ListModelsResponse> responses) {
        if (!silent) {
            responses.onNext(ListModelsResponse.newBuilder()
                    .addModels(model)
                    .addAllUpscalers(upscalers)
                    .build());
            responses.onCompleted();
        }
    }

    private Stream<GenerateResponse> events(GenerateRequest request) {
        int steps = Math.max(4, request.getParameters().getNumInferenceSteps());
        int images = Math.max(1, request.getParameters().getNumImagesPerPrompt());
        return Stream.of(
                        Stream.of(event().setQueued(Queued.newBuilder().setPosition(0))
                                .build()),
                        Stream.of(event().setStageStarted(
                                        StageStarted.newBuilder().setStage("denoise"))
                                .build()),
                        IntStream.rangeClosed(1, steps)
                                .boxed()
                                .flatMap(step -> Stream.concat(
                                        progress(step, steps, request.getPreviewInterval()),
                                        checkpoints(step, steps, images, request))),
                        IntStream.range(0, images)
                                .boxed()
                                .flatMap(index ->
                                        picture(index, request.getParameters().getSeed() + index)),
                        Stream.of(event().setCompleted(completed(request.getParameters()))
                                .build()))
                .flatMap(events -> events);
    }

    private static Stream<GenerateResponse> checkpoints(int step, int steps, int images, GenerateRequest request) {
        int interval = request.getCheckpointInterval();
        return interval == 0 || step % interval != 0 || step == steps
                ? Stream.empty()
                : IntStream.range(0, images)
                        .mapToObj(index ->
                                event().setCheckpoint(checkpoint(index, step)).build());
    }

    /** Where a picture stands after a step. */
    static Checkpoint checkpoint(int index, int step) {
        return Checkpoint.newBuilder()
                .setIndex(index)
                .setStage("denoise")
                .setStep(step)
                .setState(ByteString.copyFrom(pixels(step, 1_000)))
                .build();
    }

    private Stream<GenerateResponse> progress(int step, int steps, int previewInterval) {
        GenerateResponse completed = event().setStepCompleted(StepCompleted.newBuilder()
                        .setStep(step)
                        .setNumInferenceSteps(steps)
                        .setEtaMillis(10L * (steps - step)))
                .build();
        if (previewInterval == 0 || step % previewInterval != 0) {
            return Stream.of(completed);
        }
        Preview preview = Preview.newBuilder()
                .setStep(step)
                .setPng(ByteString.copyFrom(pixels(step, previewBytes)))
                .build();
        return Stream.of(completed, event().setPreview(preview).build());
    }

    private Stream<GenerateResponse> picture(int index, long seed) {
        byte[] pixels = pixels(seed, imageBytes);
        sizes.put(ByteString.copyFrom(pixels), 64);
        GeneratedImage image = GeneratedImage.newBuilder()
                .setImage(announcement(index, 64, pixels))
                .setSeed(seed)
                .build();
        return Stream.concat(
                Stream.of(event().setImage(image).build()),
                chunks(index, pixels).map(chunk -> event().setImageChunk(chunk).build()));
    }

    private static Image announcement(int index, int width, byte[] pixels) {
        return Image.newBuilder()
                .setIndex(index)
                .setWidth(width)
                .setHeight(width)
                .setMediaType("image/png")
                .setSizeBytes(pixels.length)
                .setSha256(sha256(pixels))
                .build();
    }

    private static Stream<ImageChunk> chunks(int index, byte[] pixels) {
        return IntStream.iterate(0, from -> from < pixels.length, from -> from + CHUNK_BYTES)
                .mapToObj(from -> ImageChunk.newBuilder()
                        .setIndex(index)
                        .setOffset(from)
                        .setData(ByteString.copyFrom(pixels, from, Math.min(CHUNK_BYTES, pixels.length - from)))
                        .build());
    }

    private static GenerationCompleted completed(ImageParameters asked) {
        return GenerationCompleted.newBuilder()
                .setParameters(MODEL.getDefaults().toBuilder().mergeFrom(asked))
                .setFingerprint(Fingerprint.newBuilder().setModelDigest("0".repeat(64)))
                .build();
    }

    /** The picture that a seed gives. */
    static byte[] pixels(long seed, int length) {
        byte[] pixels = new byte[length];
        new Random(seed).nextBytes(pixels);
        return pixels;
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    /** The events with sequence numbers from 1. */
    static Stream<GenerateResponse> numbered(Stream<GenerateResponse> events) {
        AtomicLong sequence = new AtomicLong();
        return events.map(event ->
                event.toBuilder().setSequence(sequence.incrementAndGet()).build());
    }

    private static GenerateResponse.Builder event() {
        return GenerateResponse.newBuilder();
    }

    private static RuntimeException badSteps() {
        BadRequest.FieldViolation violation = BadRequest.FieldViolation.newBuilder()
                .setField("parameters.num_inference_steps")
                .setDescription("must be 1 to 100, but was 0")
                .build();
        return TestingUpstream.failure(
                Status.Code.INVALID_ARGUMENT,
                "1 field is wrong",
                "REQUEST_INVALID",
                BadRequest.newBuilder().addFieldViolations(violation).build());
    }
}
