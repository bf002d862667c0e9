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
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Says what runs here. The one place where the gateway shows the health of others: its own does not depend on them. */
@Singleton
final class ServerInfoEndpoint extends ServerInfoServiceGrpc.ServerInfoServiceImplBase {
    /** Written into the jar by the build. */
    private static final String VERSION =
            Objects.requireNonNullElse(ServerInfoEndpoint.class.getPackage().getImplementationVersion(), "unpackaged");

    private final List<Upstream> upstreams;
    private final VideoMaker videoMaker;

    /**
     * @param caption null where the gateway has no caption service
     * @param textToVideo null where the gateway has no text2video service
     */
    ServerInfoEndpoint(
            @Named("text2image") Upstream textToImage,
            @Named("safety") Upstream safety,
            @Nullable @Named("caption") Upstream caption,
            @Nullable @Named("text2video") Upstream textToVideo,
            VideoMaker videoMaker) {
        this.upstreams = Stream.of(textToImage, safety, caption, textToVideo)
                .flatMap(Stream::ofNullable)
                .toList();
        this.videoMaker = videoMaker;
    }

    @Override
    public void getServerInfo(GetServerInfoRequest request, StreamObserver<GetServerInfoResponse> responses) {
        ResponseStream.reply(responses, this::serverInfo);
    }

    private GetServerInfoResponse serverInfo() throws InterruptedException {
        List<ListenableFuture<HealthCheckResponse>> health =
                upstreams.stream().map(Upstream::health).toList();
        GetServerInfoResponse.Builder info = GetServerInfoResponse.newBuilder().setVersion(VERSION);
        for (int i = 0; i < upstreams.size(); i++) {
            info.addUpstreams(describe(upstreams.get(i), health.get(i)));
        }
        return info.addAllVideoEncoders(videoMaker.modelsIfAny().getEncodersList())
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
