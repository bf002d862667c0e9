// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc.beta;

import dev.darkroom.rpc.ResponseStream;
import dev.darkroom.text2image.v1.ImageModel;
import dev.darkroom.text2image.v1.ListModelsRequest;
import dev.darkroom.text2image.v1.ListModelsResponse;
import dev.darkroom.text2image.v1.TextToImageServiceGrpc;
import io.grpc.stub.StreamObserver;
import io.micronaut.context.annotation.Property;
import jakarta.inject.Singleton;

@Singleton
final class BetaEndpoint extends TextToImageServiceGrpc.TextToImageServiceImplBase {

    private final String greeting;

    BetaEndpoint(@Property(name = "greeting") String greeting) {
        this.greeting = greeting;
    }

    @Override
    public void listModels(ListModelsRequest request, StreamObserver<ListModelsResponse> observer) {
        ResponseStream.reply(
                observer,
                () -> ListModelsResponse.newBuilder()
                        .addModels(ImageModel.newBuilder().setName(greeting))
                        .build());
    }
}
