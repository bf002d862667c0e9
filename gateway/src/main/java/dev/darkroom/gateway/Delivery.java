// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.gateway.v1.DeliveredImage;
import dev.darkroom.gateway.v1.ImagesCompleted;
import dev.darkroom.gateway.v1.OperationStarted;
import dev.darkroom.gateway.v1.StreamGenerateImagesResponse;
import dev.darkroom.media.v1.StageStarted;
import dev.darkroom.media.v1.Warning;
import dev.darkroom.rpc.ResponseStream;
import dev.darkroom.safety.v1.OutputVerdict;
import dev.darkroom.text2image.v1.GenerateResponse;
import dev.darkroom.text2image.v1.GenerationCompleted;
import java.util.List;
import java.util.concurrent.CancellationException;

/**
 * The numbered events of one operation on their way to the caller. A slow caller gets the latest progress; everything else waits for
 * it, and with it whoever delivers. One operation, one thread.
 *
 * <p>The sequence number counts the gateway's own events and the generator's, so that a gap tells of every event that was skipped on
 * the way, wherever that was.
 *
 * <p>Each method throws {@link CancellationException} once the caller has gone.
 */
final class Delivery {
    private final ResponseStream<StreamGenerateImagesResponse> responses;
    private long ownEvents;
    private long generatorSequence;

    Delivery(ResponseStream<StreamGenerateImagesResponse> responses) {
        this.responses = responses;
    }

    void operationStarted(String name) {
        send(own().setOperationStarted(OperationStarted.newBuilder().setName(name)));
    }

    void stageStarted(String stage) {
        send(own().setStageStarted(StageStarted.newBuilder().setStage(stage)));
    }

    /** Tells the caller what the policy flags in the prompt; nothing where that is nothing. */
    void promptFlagged(List<String> categories) {
        if (!categories.isEmpty()) {
            String message = "The safety policy flags the prompt: " + String.join(", ", categories) + ".";
            send(own().setWarning(
                            Warning.newBuilder().setReason("PROMPT_FLAGGED").setMessage(message)));
        }
    }

    /** Announces a picture; its chunks follow. */
    void image(GenerateResponse event, OutputVerdict verdict) {
        send(generators(event)
                .setImage(DeliveredImage.newBuilder()
                        .setGenerated(event.getImage())
                        .setOutputVerdict(verdict)));
    }

    void completed(GenerateResponse event, PromptVerdict.Passed verdict) {
        GenerationCompleted completed = event.getCompleted();
        send(generators(event)
                .setCompleted(ImagesCompleted.newBuilder()
                        .setParameters(completed.getParameters())
                        .setFingerprint(completed.getFingerprint())
                        .setSafetyPolicy(verdict.policy())
                        .setSafetyPolicyDigest(verdict.policyDigest())));
    }

    /** Passes on what needs no word of the gateway. */
    void pass(GenerateResponse event) {
        StreamGenerateImagesResponse.Builder response = generators(event);
        switch (event.getEventCase()) {
            case QUEUED -> latest("queued", response.setQueued(event.getQueued()));
            case STAGE_STARTED -> send(response.setStageStarted(event.getStageStarted()));
            case STEP_COMPLETED -> latest("step", response.setStepCompleted(event.getStepCompleted()));
            case PREVIEW -> latest("preview " + event.getPreview().getIndex(), response.setPreview(event.getPreview()));
            case WARNING -> send(response.setWarning(event.getWarning()));
            case IMAGE_CHUNK -> send(response.setImageChunk(event.getImageChunk()));
            case EVENT_NOT_SET -> {} // an event of a newer service; its number leaves a gap
            case IMAGE, COMPLETED -> throw new IllegalArgumentException("Needs a verdict");
        }
    }

    private StreamGenerateImagesResponse.Builder own() {
        ownEvents++;
        return numbered();
    }

    private StreamGenerateImagesResponse.Builder generators(GenerateResponse event) {
        generatorSequence = event.getSequence();
        return numbered();
    }

    private StreamGenerateImagesResponse.Builder numbered() {
        return StreamGenerateImagesResponse.newBuilder().setSequence(ownEvents + generatorSequence);
    }

    private void send(StreamGenerateImagesResponse.Builder response) {
        responses.send(response.build());
    }

    private void latest(String kind, StreamGenerateImagesResponse.Builder response) {
        responses.offer(kind, response.build());
    }
}
