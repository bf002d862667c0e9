// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import static java.util.Objects.requireNonNull;

import com.google.protobuf.ByteString;
import dev.darkroom.media.v1.Image;
import dev.darkroom.rpc.Fault;
import dev.darkroom.text2image.v1.TextToImageServiceGrpc;
import dev.darkroom.text2image.v1.TextToImageServiceGrpc.TextToImageServiceBlockingStub;
import dev.darkroom.text2image.v1.UpscaleParameters;
import dev.darkroom.text2image.v1.UpscaleRequest;
import dev.darkroom.text2image.v1.UpscaleResponse;
import dev.darkroom.text2image.v1.UpscalingCompleted;
import jakarta.inject.Named;
import jakarta.inject.Singleton;
import org.jspecify.annotations.Nullable;

/** The text2image service as it enlarges. Its errors, details included, are passed on as they are. Thread-safe. */
@Singleton
final class Upscaler {
    private final Upstream textToImage;
    private final TextToImageServiceBlockingStub stub;

    Upscaler(@Named("text2image") Upstream textToImage) {
        this.textToImage = textToImage;
        this.stub = TextToImageServiceGrpc.newBlockingStub(textToImage.channel());
    }

    /**
     * An enlarged picture that nobody looked at yet.
     *
     * @param image its announcement, with index 0
     * @param bytes all of it, encoded
     * @param completed what it was made with
     */
    record Enlarged(Image image, ByteString bytes, UpscalingCompleted completed) {}

    /**
     * Enlarges a picture once, as the stage "upscale"; progress and warnings go on to the caller.
     *
     * @throws Fault.Unavailable TEXT2IMAGE_UNAVAILABLE, if the service cannot be reached, or is lost halfway
     * @throws Fault.Internal if the events break their order, or PICTURE_TOO_LARGE
     */
    Enlarged enlarge(ByteString picture, UpscaleParameters parameters, Delivery<?> delivery) {
        delivery.stage("upscale");
        UpscaleRequest request = UpscaleRequest.newBuilder()
                .setParameters(parameters)
                .setImage(picture)
                .build();
        Receiver receiver = new Receiver(delivery);
        textToImage.stream(() -> stub.upscale(request), receiver::accept);
        return receiver.end();
    }

    /** Takes the events of one call. */
    private static final class Receiver {
        private final EventOrder order = new EventOrder();
        private final Delivery<?> delivery;
        private Image image = Image.getDefaultInstance();
        private @Nullable HeldPicture held;
        private UpscalingCompleted completed = UpscalingCompleted.getDefaultInstance();

        Receiver(Delivery<?> delivery) {
            this.delivery = delivery;
        }

        void accept(UpscaleResponse event) {
            order.accept(event);
            switch (event.getEventCase()) {
                case QUEUED -> delivery.queued(event.getQueued());
                case STEP_COMPLETED -> delivery.step(event.getStepCompleted());
                case WARNING -> delivery.warning(event.getWarning());
                case IMAGE -> {
                    image = event.getImage();
                    held = new HeldPicture(image);
                }
                case IMAGE_CHUNK -> requireNonNull(held).append(event.getImageChunk());
                case COMPLETED -> completed = event.getCompleted();
                case STAGE_STARTED, CHECKPOINT, EVENT_NOT_SET -> {} // to the caller all of it is one stage
            }
        }

        Enlarged end() {
            order.end();
            return new Enlarged(image, requireNonNull(held).bytes(), completed);
        }
    }
}
