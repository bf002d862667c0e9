// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.inference.diffusion.LoopState;
import dev.darkroom.inference.diffusion.UpscalePipeline;
import dev.darkroom.media.v1.Checkpoint;
import dev.darkroom.media.v1.Queued;
import dev.darkroom.media.v1.StageStarted;
import dev.darkroom.media.v1.StepCompleted;
import dev.darkroom.media.v1.Warning;
import dev.darkroom.rpc.RequestLog;
import dev.darkroom.rpc.ResponseStream;
import dev.darkroom.text2image.v1.UpscaleResponse;
import dev.darkroom.text2image.v1.UpscalingCompleted;

/** Numbers the events of an upscaling and writes them to the call, as {@link EventWriter} does for a generation. Not thread-safe. */
final class UpscaleEventWriter implements UpscalePipeline.Progress {
    private final ResponseStream<UpscaleResponse> stream;
    private StepClock clock = new StepClock();
    private final StepPace pace = new StepPace(System::nanoTime);
    private final UpscalingRequest request;
    private final UnfinishedPicture checkpoints;
    private final CheckpointPace checkpointPace;
    private long sequence;
    private boolean toldTooLarge;

    UpscaleEventWriter(
            ResponseStream<UpscaleResponse> stream,
            UpscalingRequest request,
            UpscalerModel model,
            CheckpointPace checkpointPace) {
        this.stream = stream;
        this.request = request;
        this.checkpoints = request.unfinished(model);
        this.checkpointPace = checkpointPace;
    }

    void queued(int position) {
        stream.offer(
                "queued",
                next().setQueued(Queued.newBuilder().setPosition(position)).build());
    }

    @Override
    public void stageStarted(String stage) {
        clock = new StepClock();
        stream.offer(
                "stage " + stage,
                next().setStageStarted(StageStarted.newBuilder().setStage(stage))
                        .build());
    }

    @Override
    public void stepCompleted(int step, int numInferenceSteps, LoopState state) {
        UpscaleResponse.Builder event = next();
        if (pace.tells(step, numInferenceSteps)) {
            stream.offer(
                    "step",
                    event.setStepCompleted(StepCompleted.newBuilder()
                                    .setStep(step)
                                    .setNumInferenceSteps(numInferenceSteps)
                                    .setEtaMillis(clock.etaMillis(
                                            step - request.resume().stepsDone(), numInferenceSteps - step)))
                            .build());
        }
        checkpointPace.after(
                step,
                numInferenceSteps,
                () -> checkpoint(checkpoints.write(UpscalingRequest.STAGE, step, numInferenceSteps, state)));
    }

    private void checkpoint(Checkpoint checkpoint) {
        int bytes = checkpoint.getState().size();
        RequestLog.put("checkpoint_bytes", bytes);
        if (bytes <= UnfinishedPicture.MAX_BYTES) {
            stream.send(next().setCheckpoint(checkpoint).build());
        } else if (!toldTooLarge) {
            toldTooLarge = true;
            warning(Warnings.checkpointTooLarge(bytes));
        }
    }

    void warning(GenerationEvent.Warning warning) {
        stream.offer(
                warning,
                next().setWarning(
                                Warning.newBuilder().setReason(warning.reason()).setMessage(warning.message()))
                        .build());
    }

    void picture(Picture picture) {
        stream.send(next().setImage(picture.describe()).build());
        picture.chunks()
                .forEach(chunk -> stream.send(next().setImageChunk(chunk).build()));
    }

    void completed(UpscalerModel model) {
        stream.send(next().setCompleted(UpscalingCompleted.newBuilder()
                        .setParameters(request.parameters())
                        .setFingerprint(Fingerprints.toProto(model.folder().fingerprint())))
                .build());
    }

    private UpscaleResponse.Builder next() {
        return UpscaleResponse.newBuilder().setSequence(++sequence);
    }
}
