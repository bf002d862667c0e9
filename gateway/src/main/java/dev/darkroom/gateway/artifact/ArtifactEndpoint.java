// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.artifact;

import com.google.protobuf.Timestamp;
import dev.darkroom.gateway.Tenant;
import dev.darkroom.gateway.v1.ArtifactServiceGrpc;
import dev.darkroom.gateway.v1.CreateArtifactRequest;
import dev.darkroom.gateway.v1.CreateArtifactResponse;
import dev.darkroom.gateway.v1.DeleteArtifactRequest;
import dev.darkroom.gateway.v1.DeleteArtifactResponse;
import dev.darkroom.gateway.v1.GetArtifactRequest;
import dev.darkroom.gateway.v1.GetArtifactResponse;
import dev.darkroom.rpc.ResponseStream;
import dev.darkroom.rpc.Violations;
import io.grpc.stub.StreamObserver;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.regex.Pattern;

/** Names uploads, describes artifacts and deletes them. */
@Singleton
final class ArtifactEndpoint extends ArtifactServiceGrpc.ArtifactServiceImplBase {
    private static final Pattern CONTENT_TYPE = Pattern.compile("[\\x20-\\x7e]{1,100}");
    private static final Pattern SHA256 = Pattern.compile("[0-9a-fA-F]{64}");
    private static final Duration MIN_TTL = Duration.ofMinutes(1);
    private static final String ANY_CONTENT = "application/octet-stream";

    private final ArtifactStore store;
    private final ArtifactConfiguration limits;

    ArtifactEndpoint(ArtifactStore store, ArtifactConfiguration limits) {
        this.store = store;
        this.limits = limits;
    }

    @Override
    public void createArtifact(CreateArtifactRequest request, StreamObserver<CreateArtifactResponse> responses) {
        String tenant = Tenant.ofCaller();
        ResponseStream.reply(
                responses,
                () -> CreateArtifactResponse.newBuilder()
                        .setArtifact(message(announce(tenant, request)))
                        .build());
    }

    private Artifact announce(String tenant, CreateArtifactRequest request) {
        String contentType = request.getContentType().isEmpty() ? ANY_CONTENT : request.getContentType();
        Duration ttl = request.hasTtl()
                ? Duration.ofSeconds(
                        request.getTtl().getSeconds(), request.getTtl().getNanos())
                : limits.defaultTtl();
        String sha256 = request.getSha256();
        Violations violations = new Violations();
        violations.check(
                CONTENT_TYPE.matcher(contentType).matches(),
                "content_type",
                "1 to 100 printable ASCII characters",
                contentType);
        violations.range("size_bytes", request.getSizeBytes(), 0, limits.maxUploadBytes());
        violations.check(SHA256.matcher(sha256).matches(), "sha256", "64 hexadecimal digits", sha256);
        violations.check(
                ttl.compareTo(MIN_TTL) >= 0 && ttl.compareTo(limits.maxTtl()) <= 0,
                "ttl",
                MIN_TTL.toSeconds() + " to " + limits.maxTtl().toSeconds() + " seconds",
                ttl.toSeconds());
        violations.throwIfAny();
        return store.announce(tenant, contentType, request.getSizeBytes(), sha256.toLowerCase(Locale.ROOT), ttl);
    }

    @Override
    public void getArtifact(GetArtifactRequest request, StreamObserver<GetArtifactResponse> responses) {
        String tenant = Tenant.ofCaller();
        ResponseStream.reply(
                responses,
                () -> GetArtifactResponse.newBuilder()
                        .setArtifact(message(store.get(tenant, request.getName())))
                        .build());
    }

    @Override
    public void deleteArtifact(DeleteArtifactRequest request, StreamObserver<DeleteArtifactResponse> responses) {
        String tenant = Tenant.ofCaller();
        ResponseStream.reply(responses, () -> {
            store.delete(tenant, request.getName());
            return DeleteArtifactResponse.getDefaultInstance();
        });
    }

    private static dev.darkroom.gateway.v1.Artifact message(Artifact artifact) {
        return dev.darkroom.gateway.v1.Artifact.newBuilder()
                .setName(artifact.name())
                .setContentType(artifact.contentType())
                .setSizeBytes(artifact.sizeBytes())
                .setSha256(artifact.sha256())
                .setComplete(artifact.complete())
                .setOperation(artifact.operation())
                .setCreateTime(timestamp(artifact.createTime()))
                .setExpireTime(timestamp(artifact.expireTime()))
                .build();
    }

    private static Timestamp timestamp(Instant instant) {
        return Timestamp.newBuilder()
                .setSeconds(instant.getEpochSecond())
                .setNanos(instant.getNano())
                .build();
    }
}
