// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.gateway.v1.ListModelsRequest;
import dev.darkroom.gateway.v1.ListModelsResponse;
import dev.darkroom.gateway.v1.ModelServiceGrpc;
import dev.darkroom.rpc.ResponseStream;
import io.grpc.stub.StreamObserver;
import jakarta.inject.Singleton;

/** Lists the models of every service behind the gateway. */
@Singleton
final class ModelEndpoint extends ModelServiceGrpc.ModelServiceImplBase {
    private final Generator generator;
    private final Captioner captioner;
    private final VideoMaker videoMaker;

    ModelEndpoint(Generator generator, Captioner captioner, VideoMaker videoMaker) {
        this.generator = generator;
        this.captioner = captioner;
        this.videoMaker = videoMaker;
    }

    @Override
    public void listModels(ListModelsRequest request, StreamObserver<ListModelsResponse> responses) {
        ResponseStream.reply(responses, this::models);
    }

    private ListModelsResponse models() {
        var published = generator.models();
        var describing = captioner.modelsIfAny();
        return ListModelsResponse.newBuilder()
                .addAllImageModels(published.getModelsList())
                .addAllUpscaleModels(published.getUpscalersList())
                .addAllCaptionModels(describing.getCaptionersList())
                .addAllAlignmentModels(describing.getAlignmentModelsList())
                .addAllVideoModels(videoMaker.modelsIfAny().getModelsList())
                .build();
    }
}
