// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import dev.darkroom.gateway.job.Attempt;
import dev.darkroom.gateway.v1.DeliveredImage;
import dev.darkroom.gateway.v1.DeliveredUpscale;
import dev.darkroom.gateway.v1.GenerateImagesResponse;
import dev.darkroom.gateway.v1.ImagesCompleted;
import dev.darkroom.gateway.v1.OperationStarted;
import dev.darkroom.gateway.v1.StoredImage;
import dev.darkroom.gateway.v1.UpscaleCompleted;
import dev.darkroom.gateway.v1.UpscaleImageResponse;
import dev.darkroom.media.v1.Checkpoint;
import dev.darkroom.media.v1.Image;
import dev.darkroom.media.v1.ImageChunk;
import dev.darkroom.media.v1.Preview;
import dev.darkroom.media.v1.Queued;
import dev.darkroom.media.v1.StageStarted;
import dev.darkroom.media.v1.StepCompleted;
import dev.darkroom.media.v1.Warning;
import java.util.ArrayList;
import java.util.List;

/** Takes what would be sent to a caller, tells the watchers of the job, and keeps the pictures. One attempt, one thread. */
final class KeptDelivery implements Delivery.Outlet<Message> {
    private final Attempt attempt;
    private final List<Checkpoint> resume;
    private final List<StoredImage> images = new ArrayList<>();
    private final List<Warning> warnings = new ArrayList<>();
    private StoredImage announced = StoredImage.getDefaultInstance();
    private ByteString bytes = ByteString.EMPTY;
    private ImagesCompleted imagesCompleted = ImagesCompleted.getDefaultInstance();
    private UpscaleCompleted upscaleCompleted = UpscaleCompleted.getDefaultInstance();

    /** @param resume from where the work goes on; empty where it starts */
    KeptDelivery(Attempt attempt, List<Checkpoint> resume) {
        this.attempt = attempt;
        this.resume = resume;
    }

    @Override
    public int checkpointInterval() {
        return attempt.checkpointInterval();
    }

    @Override
    public List<Checkpoint> resume() {
        return resume;
    }

    @Override
    public void keep(Checkpoint checkpoint) {
        attempt.keep(checkpoint);
    }

    @Override
    public void send(Message event) {
        switch (event) {
            case OperationStarted _ -> {} // the job has a name of its own
            case StageStarted it -> attempt.tell(told -> told.setStageStarted(it));
            case Warning it -> {
                warnings.add(it);
                attempt.tell(told -> told.setWarning(it));
            }
            case DeliveredImage it -> announce(stored(it));
            case DeliveredUpscale it -> announce(stored(it));
            case ImageChunk it -> append(it);
            case ImagesCompleted it -> imagesCompleted = it;
            case UpscaleCompleted it -> upscaleCompleted = it;
            default -> throw unknown(event);
        }
    }

    @Override
    public void offer(String kind, Message event) {
        switch (event) {
            case Queued it -> attempt.tellLatest(kind, told -> told.setQueued(it));
            case StepCompleted it -> attempt.tellLatest(kind, told -> told.setStepCompleted(it));
            case Preview it -> attempt.tellLatest(kind, told -> told.setPreview(it));
            default -> throw unknown(event);
        }
    }

    @Override
    public boolean hasRoom() {
        return true;
    }

    /** The response, once all was sent. */
    GenerateImagesResponse images() {
        return GenerateImagesResponse.newBuilder()
                .addAllImages(images)
                .setCompleted(imagesCompleted)
                .addAllWarnings(warnings)
                .build();
    }

    /** The response, once all was sent. */
    UpscaleImageResponse upscaled() {
        return UpscaleImageResponse.newBuilder()
                .setImage(images.getFirst())
                .setCompleted(upscaleCompleted)
                .addAllWarnings(warnings)
                .build();
    }

    private void announce(StoredImage image) {
        announced = image;
        bytes = ByteString.EMPTY;
        keepIfWhole();
    }

    private void append(ImageChunk chunk) {
        bytes = bytes.concat(chunk.getData());
        keepIfWhole();
    }

    private void keepIfWhole() {
        Image image = announced.getGenerated().getImage();
        if (bytes.size() == image.getSizeBytes()) {
            images.add(attempt.store(announced, image.getMediaType(), bytes));
        }
    }

    private static StoredImage stored(DeliveredImage image) {
        StoredImage.Builder stored = StoredImage.newBuilder()
                .setGenerated(image.getGenerated())
                .setOutputVerdict(image.getOutputVerdict())
                .addAllCategories(image.getCategoriesList());
        if (image.hasScore()) {
            stored.setScore(image.getScore());
        }
        return stored.build();
    }

    private static StoredImage stored(DeliveredUpscale image) {
        StoredImage.Builder stored = StoredImage.newBuilder()
                .setOutputVerdict(image.getOutputVerdict())
                .addAllCategories(image.getCategoriesList());
        stored.getGeneratedBuilder().setImage(image.getImage());
        return stored.build();
    }

    private static IllegalArgumentException unknown(Message event) {
        return new IllegalArgumentException(
                "No event of a job: " + event.getDescriptorForType().getFullName());
    }
}
