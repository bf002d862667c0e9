// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.inference.diffusion.UpscalePipeline;
import dev.darkroom.inference.tensor.Tensor;
import dev.darkroom.media.v1.Queued;
import dev.darkroom.media.v1.StageStarted;
import dev.darkroom.media.v1.StepCompleted;
import dev.darkroom.media.v1.Warning;
import dev.darkroom.rpc.ResponseStream;
import dev.darkroom.text2image.v1.UpscaleResponse;
import dev.darkroom.text2image.v1.UpscalingCompleted;

/** Numbers the events of an upscaling and writes them to the call, as {@link EventWriter} does for a generation. Not thread-safe. */
final class UpscaleEventWriter implements UpscalePipeline.Progress {
    private final ResponseStream<UpscaleResponse> stream;
    private StepClock clock = new StepClock();
    private final StepPace pace = new StepPace(System::nanoTime);
    private long sequence;

    UpscaleEventWriter(ResponseStream<UpscaleResponse> stream) {
        this.stream = stream;
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
    public void stepCompleted(int step, int numInferenceSteps, Tensor latents) {
        UpscaleResponse.Builder event = next();
        if (pace.tells(step, numInferenceSteps)) {
            stream.offer(
                    "step",
                    event.setStepCompleted(StepCompleted.newBuilder()
                                    .setStep(step)
                                    .setNumInferenceSteps(numInferenceSteps)
                                    .setEtaMillis(clock.etaMillis(step, numInferenceSteps)))
                            .build());
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

    void completed(UpscalingRequest request, UpscalerModel model) {
        stream.send(next().setCompleted(UpscalingCompleted.newBuilder()
                        .setParameters(request.parameters())
                        .setFingerprint(Fingerprints.toProto(model.folder().fingerprint())))
                .build());
    }

    private UpscaleResponse.Builder next() {
        return UpscaleResponse.newBuilder().setSequence(++sequence);
    }
}
