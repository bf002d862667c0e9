// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import dev.darkroom.gateway.v1.DeliveredImage;
import dev.darkroom.gateway.v1.DeliveredUpscale;
import dev.darkroom.gateway.v1.ImagesCompleted;
import dev.darkroom.gateway.v1.OperationStarted;
import dev.darkroom.gateway.v1.StreamGenerateImagesResponse;
import dev.darkroom.gateway.v1.StreamUpscaleImageResponse;
import dev.darkroom.gateway.v1.UpscaleCompleted;
import dev.darkroom.media.v1.Checkpoint;
import dev.darkroom.media.v1.ImageChunk;
import dev.darkroom.media.v1.Preview;
import dev.darkroom.media.v1.Queued;
import dev.darkroom.media.v1.StageStarted;
import dev.darkroom.media.v1.StageTime;
import dev.darkroom.media.v1.StepCompleted;
import dev.darkroom.media.v1.Warning;
import dev.darkroom.rpc.RequestLog;
import dev.darkroom.rpc.ResponseStream;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CancellationException;

/**
 * The numbered events of one operation on their way to the caller. A slow caller gets the latest progress; everything else waits for
 * it, and with it whoever delivers. One operation, one thread.
 *
 * <p>The sequence number counts everything that there was to tell, so that a gap tells of what was skipped for a slow caller.
 *
 * <p>Each method that sends throws {@link CancellationException} once the caller has gone.
 *
 * @param <R> the responses of one method of the API
 */
final class Delivery<R> {
    private static final int CHUNK_BYTES = 65_536;

    private final Outlet<R> responses;
    private final Wrapping<R> wrapping;
    private final StageClock clock = new StageClock(System::nanoTime);
    private final Set<Warning> warned = new HashSet<>();
    private long sequence;

    private Delivery(Outlet<R> responses, Wrapping<R> wrapping) {
        this.responses = responses;
        this.wrapping = wrapping;
    }

    static Delivery<StreamGenerateImagesResponse> ofImages(ResponseStream<StreamGenerateImagesResponse> responses) {
        return new Delivery<>(Outlet.of(responses), Delivery::generation);
    }

    static Delivery<StreamUpscaleImageResponse> ofUpscale(ResponseStream<StreamUpscaleImageResponse> responses) {
        return new Delivery<>(Outlet.of(responses), Delivery::upscaling);
    }

    /** Of a job, whose events are numbered where they are kept. */
    static Delivery<Message> ofJob(Outlet<Message> outlet) {
        return new Delivery<>(outlet, (_, event) -> event);
    }

    /** Tells under which name the work goes on. */
    void operationStarted() {
        String name = "operations/" + UUID.randomUUID();
        RequestLog.put("operation", name);
        send(OperationStarted.newBuilder().setName(name).build());
    }

    /** Tells that a part of the work begins, which is measured from now on. */
    void stage(String name) {
        clock.start(name);
        send(StageStarted.newBuilder().setStage(name).build());
    }

    void queued(Queued event) {
        latest("queued", event);
    }

    void step(StepCompleted event) {
        latest("step", event);
    }

    /** Steps after which a worker should say where the work stands; 0 where nobody would go on from there. */
    int checkpointInterval() {
        return responses.checkpointInterval();
    }

    /** From where the work goes on; empty where it starts. */
    List<Checkpoint> resume() {
        return responses.resume();
    }

    /** Hands in where the work stands. Callers never see it: no check has. */
    void checkpoint(Checkpoint checkpoint) {
        responses.keep(checkpoint);
    }

    /** Hands in a preview that was looked at. */
    void preview(Preview event) {
        latest("preview " + event.getIndex(), event);
    }

    /** Warns once: what was said before is not said again, as each picture of a request may give rise to it. */
    void warning(Warning event) {
        if (warned.add(event)) {
            send(event);
        }
    }

    void warning(String reason, String message) {
        warning(Warning.newBuilder().setReason(reason).setMessage(message).build());
    }

    /** Tells the caller what a policy flags in the prompt; nothing where that is nothing. */
    void promptFlagged(List<String> categories) {
        if (!categories.isEmpty()) {
            warning("PROMPT_FLAGGED", "The safety policy flags the prompt: " + String.join(", ", categories) + ".");
        }
    }

    /** Tells the caller what a policy flags in the picture that it sent; nothing where that is nothing. */
    void inputFlagged(PictureVerdict verdict) {
        if (verdict.isFlagged()) {
            String categories = String.join(", ", verdict.categories());
            warning(
                    "INPUT_FLAGGED",
                    "The picture that was sent shows what the safety policy flags (" + categories + ").");
        }
    }

    /** Warns of what the check of a picture found; says nothing where that is nothing. */
    void found(String subject, PictureVerdict verdict) {
        String categories = String.join(", ", verdict.categories());
        if (verdict.isBlocked()) {
            warning(
                    "IMAGE_BLOCKED",
                    subject + " is held back: it shows what the safety policy blocks (" + categories + ").");
        } else if (verdict.isFlagged()) {
            warning("IMAGE_FLAGGED", subject + " shows what the safety policy flags (" + categories + ").");
        }
    }

    /** Announces a picture and sends its bytes in chunks; no chunks where there are no bytes. */
    void picture(Message announcement, int index, ByteString bytes) {
        clock.stop();
        send(announcement);
        for (int offset = 0; offset < bytes.size(); offset += CHUNK_BYTES) {
            send(ImageChunk.newBuilder()
                    .setIndex(index)
                    .setOffset(offset)
                    .setData(bytes.substring(offset, Math.min(offset + CHUNK_BYTES, bytes.size())))
                    .build());
        }
    }

    /** Sends the last event: {@link ImagesCompleted} or {@link UpscaleCompleted}. */
    void completed(Message event) {
        send(event);
    }

    /** Counts an event that is not sent because a newer one took its place. */
    void skipped() {
        sequence++;
    }

    /** Whether an event that is handed in now leaves at once. */
    boolean hasRoom() {
        return responses.hasRoom();
    }

    /** How long each stage took until now. */
    List<StageTime> stageTimes() {
        return clock.times();
    }

    private void send(Message event) {
        responses.send(wrapping.wrap(++sequence, event));
    }

    private void latest(String kind, Message event) {
        responses.offer(kind, wrapping.wrap(++sequence, event));
    }

    private static StreamGenerateImagesResponse generation(long sequence, Message event) {
        var response = StreamGenerateImagesResponse.newBuilder().setSequence(sequence);
        switch (event) {
            case OperationStarted it -> response.setOperationStarted(it);
            case Queued it -> response.setQueued(it);
            case StageStarted it -> response.setStageStarted(it);
            case StepCompleted it -> response.setStepCompleted(it);
            case Preview it -> response.setPreview(it);
            case Warning it -> response.setWarning(it);
            case DeliveredImage it -> response.setImage(it);
            case ImageChunk it -> response.setImageChunk(it);
            case ImagesCompleted it -> response.setCompleted(it);
            default -> throw noEvent(event);
        }
        return response.build();
    }

    private static StreamUpscaleImageResponse upscaling(long sequence, Message event) {
        var response = StreamUpscaleImageResponse.newBuilder().setSequence(sequence);
        switch (event) {
            case OperationStarted it -> response.setOperationStarted(it);
            case Queued it -> response.setQueued(it);
            case StageStarted it -> response.setStageStarted(it);
            case StepCompleted it -> response.setStepCompleted(it);
            case Warning it -> response.setWarning(it);
            case DeliveredUpscale it -> response.setImage(it);
            case ImageChunk it -> response.setImageChunk(it);
            case UpscaleCompleted it -> response.setCompleted(it);
            default -> throw noEvent(event);
        }
        return response.build();
    }

    private static IllegalArgumentException noEvent(Message event) {
        return new IllegalArgumentException(
                "No event of this method: " + event.getDescriptorForType().getFullName());
    }

    /** Where the events go. */
    interface Outlet<R> {
        /** Sends what must arrive; returns when it was taken. */
        void send(R event);

        /** Sends what the next one of its kind makes worthless; never waits. */
        void offer(String kind, R event);

        /** Whether what is sent now leaves at once. */
        boolean hasRoom();

        /** As {@link Delivery#checkpointInterval}; for a caller who waits there are no checkpoints. */
        default int checkpointInterval() {
            return 0;
        }

        /** As {@link Delivery#resume}. */
        default List<Checkpoint> resume() {
            return List.of();
        }

        /** As {@link Delivery#checkpoint}. */
        default void keep(Checkpoint checkpoint) {}

        private static <R> Outlet<R> of(ResponseStream<R> responses) {
            return new Outlet<>() {
                @Override
                public void send(R event) {
                    responses.send(event);
                }

                @Override
                public void offer(String kind, R event) {
                    responses.offer(kind, event);
                }

                @Override
                public boolean hasRoom() {
                    return responses.hasRoom();
                }
            };
        }
    }

    /** Makes an event the numbered response of a method. */
    @FunctionalInterface
    private interface Wrapping<R> {
        R wrap(long sequence, Message event);
    }
}
