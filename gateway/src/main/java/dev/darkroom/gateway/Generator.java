// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.rpc.Fault;
import dev.darkroom.text2image.v1.GenerateRequest;
import dev.darkroom.text2image.v1.GenerateResponse;
import dev.darkroom.text2image.v1.ListModelsRequest;
import dev.darkroom.text2image.v1.ListModelsResponse;
import dev.darkroom.text2image.v1.TextToImageServiceGrpc;
import dev.darkroom.text2image.v1.TextToImageServiceGrpc.TextToImageServiceBlockingStub;
import jakarta.inject.Named;
import jakarta.inject.Singleton;
import java.util.function.Consumer;

/** The text2image service as it draws. Its errors, details included, are passed on as they are. Thread-safe. */
@Singleton
final class Generator {
    private final Upstream textToImage;
    private final TextToImageServiceBlockingStub stub;

    Generator(@Named("text2image") Upstream textToImage) {
        this.textToImage = textToImage;
        this.stub = TextToImageServiceGrpc.newBlockingStub(textToImage.channel());
    }

    /**
     * Generates and hands on each event as {@link Upstream#stream} does.
     *
     * @throws Fault.Unavailable TEXT2IMAGE_UNAVAILABLE, if the service cannot be reached, or is lost halfway
     * @throws Fault.Internal if the events break their order
     */
    void generate(GenerateRequest request, Consumer<GenerateResponse> events) {
        EventOrder order = new EventOrder();
        textToImage.stream(() -> stub.generate(request), event -> {
            order.accept(event);
            events.accept(event);
        });
        order.end();
    }

    /**
     * Lists the loaded models and upscalers, the default ones first.
     *
     * @throws Fault.Unavailable TEXT2IMAGE_UNAVAILABLE, if the service cannot be reached or does not answer in time
     */
    ListModelsResponse models() {
        return textToImage.call(stub, service -> service.listModels(ListModelsRequest.getDefaultInstance()));
    }
}
