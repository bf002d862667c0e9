// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.rpc.Fault;
import dev.darkroom.text2image.v1.GenerateRequest;
import dev.darkroom.text2image.v1.GenerateResponse;
import dev.darkroom.text2image.v1.ImageModel;
import dev.darkroom.text2image.v1.ListModelsRequest;
import dev.darkroom.text2image.v1.TextToImageServiceGrpc;
import dev.darkroom.text2image.v1.TextToImageServiceGrpc.TextToImageServiceBlockingStub;
import io.grpc.Context;
import io.grpc.StatusRuntimeException;
import jakarta.inject.Named;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.function.Consumer;

/** The text2image service as the gateway uses it. Its errors, details included, are passed on as they are. Thread-safe. */
@Singleton
final class Generator {
    private final Upstream textToImage;
    private final TextToImageServiceBlockingStub stub;

    Generator(@Named("text2image") Upstream textToImage) {
        this.textToImage = textToImage;
        this.stub = TextToImageServiceGrpc.newBlockingStub(textToImage.channel());
    }

    /**
     * Generates and hands on each event, in order, on the calling thread. The next event is fetched when the one before was taken,
     * so a consumer that waits makes the service wait. The call is cancelled when the caller goes away and when anything is thrown.
     *
     * @throws Fault.Unavailable TEXT2IMAGE_UNAVAILABLE, if the service cannot be reached, or is lost halfway
     * @throws Fault.Internal if the events break their order
     */
    void generate(GenerateRequest request, Consumer<GenerateResponse> events) {
        Context.CancellableContext call = Context.current().withCancellation();
        try {
            call.run(() -> receive(request, events));
        } catch (StatusRuntimeException failure) {
            throw textToImage.fault(failure);
        } finally {
            call.cancel(null);
        }
    }

    private void receive(GenerateRequest request, Consumer<GenerateResponse> events) {
        EventOrder order = new EventOrder();
        stub.generate(request).forEachRemaining(event -> {
            order.accept(event);
            events.accept(event);
        });
        order.end();
    }

    /**
     * Lists the loaded models, the default one first.
     *
     * @throws Fault.Unavailable TEXT2IMAGE_UNAVAILABLE, if the service cannot be reached or does not answer in time
     */
    List<ImageModel> models() {
        return textToImage
                .call(stub, service -> service.listModels(ListModelsRequest.getDefaultInstance()))
                .getModelsList();
    }
}
