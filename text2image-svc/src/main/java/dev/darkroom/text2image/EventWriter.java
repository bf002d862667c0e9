// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import com.google.protobuf.UnsafeByteOperations;
import dev.darkroom.inference.image.PngWriter;
import dev.darkroom.media.v1.Checkpoint;
import dev.darkroom.media.v1.Preview;
import dev.darkroom.media.v1.Queued;
import dev.darkroom.media.v1.StageStarted;
import dev.darkroom.media.v1.StepCompleted;
import dev.darkroom.media.v1.Warning;
import dev.darkroom.rpc.RequestLog;
import dev.darkroom.rpc.ResponseStream;
import dev.darkroom.text2image.v1.GenerateResponse;
import dev.darkroom.text2image.v1.GeneratedImage;
import dev.darkroom.text2image.v1.GenerationCompleted;

/**
 * Numbers events and writes them to the call; steps at the pace of {@link StepPace}. Progress never waits for the reader, who sees the latest of each kind; checkpoints,
 * pictures and the end do wait. Not thread-safe.
 */
final class EventWriter {
    private final ResponseStream<GenerateResponse> stream;
    private final Checkpoints checkpoints;
    private final CheckpointPace checkpointPace;
    private final StepPace pace = new StepPace(System::nanoTime);
    private long sequence;
    private boolean toldTooLarge;

    EventWriter(ResponseStream<GenerateResponse> stream, Checkpoints checkpoints, CheckpointPace checkpointPace) {
        this.stream = stream;
        this.checkpoints = checkpoints;
        this.checkpointPace = checkpointPace;
    }

    void queued(int position) {
        stream.offer(
                "queued",
                next().setQueued(Queued.newBuilder().setPosition(position)).build());
    }

    void accept(GenerationEvent event) {
        switch (event) {
            case GenerationEvent.StageStarted(String stage) ->
                stream.offer(
                        event,
                        next().setStageStarted(StageStarted.newBuilder().setStage(stage))
                                .build());
            case GenerationEvent.StepCompleted step -> step(step);
            case GenerationEvent.Preview preview -> preview(preview);
            case GenerationEvent.Warning(String reason, String message) ->
                stream.offer(
                        event,
                        next().setWarning(Warning.newBuilder().setReason(reason).setMessage(message))
                                .build());
        }
    }

    private void step(GenerationEvent.StepCompleted step) {
        GenerateResponse.Builder event = next();
        if (pace.tells(step.step(), step.numInferenceSteps())) {
            stream.offer(
                    "step",
                    event.setStepCompleted(StepCompleted.newBuilder()
                                    .setStep(step.step())
                                    .setNumInferenceSteps(step.numInferenceSteps())
                                    .setEtaMillis(step.etaMillis()))
                            .build());
        }
        checkpointPace.after(
                step.step(),
                step.numInferenceSteps(),
                () -> checkpoints.write(step).forEach(this::checkpoint));
    }

    private void preview(GenerationEvent.Preview preview) {
        byte[] png = PngWriter.encode(Thumbnail.of(preview.image()), "");
        stream.offer(
                "preview " + preview.index(),
                next().setPreview(Preview.newBuilder()
                                .setIndex(preview.index())
                                .setStep(preview.step())
                                .setPng(UnsafeByteOperations.unsafeWrap(png)))
                        .build());
    }

    private void checkpoint(Checkpoint checkpoint) {
        int bytes = checkpoint.getState().size();
        RequestLog.put("checkpoint_bytes", bytes);
        if (bytes <= UnfinishedPicture.MAX_BYTES) {
            stream.send(next().setCheckpoint(checkpoint).build());
        } else if (!toldTooLarge) {
            toldTooLarge = true;
            accept(Warnings.checkpointTooLarge(bytes));
        }
    }

    void picture(Picture picture) {
        stream.send(next().setImage(
                        GeneratedImage.newBuilder().setImage(picture.describe()).setSeed(picture.seed()))
                .build());
        picture.chunks()
                .forEach(chunk -> stream.send(next().setImageChunk(chunk).build()));
    }

    void completed(GenerationRequest request, TextToImageModel model) {
        GenerationCompleted.Builder completed = GenerationCompleted.newBuilder()
                .setParameters(request.toProto())
                .setFingerprint(Fingerprints.toProto(model.folder().fingerprint()));
        if (request.finish() instanceof Finish.Refined refined) {
            completed.setRefinerFingerprint(
                    Fingerprints.toProto(refined.refiner().folder().fingerprint()));
        }
        stream.send(next().setCompleted(completed).build());
    }

    private GenerateResponse.Builder next() {
        return GenerateResponse.newBuilder().setSequence(++sequence);
    }
}
