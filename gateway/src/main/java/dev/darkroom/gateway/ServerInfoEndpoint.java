// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import com.google.common.util.concurrent.ListenableFuture;
import dev.darkroom.gateway.v1.GetServerInfoRequest;
import dev.darkroom.gateway.v1.GetServerInfoResponse;
import dev.darkroom.gateway.v1.ServerInfoServiceGrpc;
import dev.darkroom.rpc.ResponseStream;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.stub.StreamObserver;
import jakarta.inject.Named;
import jakarta.inject.Singleton;
import java.util.Objects;
import java.util.concurrent.ExecutionException;

/** Says what runs here. The one place where the gateway shows the health of others: its own does not depend on them. */
@Singleton
final class ServerInfoEndpoint extends ServerInfoServiceGrpc.ServerInfoServiceImplBase {
    /** Written into the jar by the build. */
    private static final String VERSION =
            Objects.requireNonNullElse(ServerInfoEndpoint.class.getPackage().getImplementationVersion(), "unpackaged");

    private final Upstream textToImage;
    private final Upstream safety;

    ServerInfoEndpoint(@Named("text2image") Upstream textToImage, @Named("safety") Upstream safety) {
        this.textToImage = textToImage;
        this.safety = safety;
    }

    @Override
    public void getServerInfo(GetServerInfoRequest request, StreamObserver<GetServerInfoResponse> responses) {
        ResponseStream.reply(responses, this::serverInfo);
    }

    private GetServerInfoResponse serverInfo() throws InterruptedException {
        ListenableFuture<HealthCheckResponse> textToImageHealth = textToImage.health();
        ListenableFuture<HealthCheckResponse> safetyHealth = safety.health();
        return GetServerInfoResponse.newBuilder()
                .setVersion(VERSION)
                .addUpstreams(describe(textToImage, textToImageHealth))
                .addUpstreams(describe(safety, safetyHealth))
                .build();
    }

    private static dev.darkroom.gateway.v1.Upstream describe(
            Upstream upstream, ListenableFuture<HealthCheckResponse> health) throws InterruptedException {
        return dev.darkroom.gateway.v1.Upstream.newBuilder()
                .setName(upstream.name())
                .setServing(isServing(health))
                .build();
    }

    private static boolean isServing(ListenableFuture<HealthCheckResponse> health) throws InterruptedException {
        try {
            return health.get().getStatus() == ServingStatus.SERVING;
        } catch (ExecutionException _) {
            return false;
        }
    }
}
