// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.artifact;

import com.google.protobuf.ByteString;
import dev.darkroom.bytestream.ByteStreamGrpc;
import dev.darkroom.bytestream.QueryWriteStatusRequest;
import dev.darkroom.bytestream.QueryWriteStatusResponse;
import dev.darkroom.bytestream.ReadRequest;
import dev.darkroom.bytestream.ReadResponse;
import dev.darkroom.bytestream.WriteRequest;
import dev.darkroom.bytestream.WriteResponse;
import dev.darkroom.gateway.Tenant;
import dev.darkroom.rpc.ResponseStream;
import dev.darkroom.rpc.Violations;
import io.grpc.stub.StreamObserver;
import jakarta.inject.Singleton;

/** Sends and takes the bytes of artifacts. */
@Singleton
final class ByteStreamEndpoint extends ByteStreamGrpc.ByteStreamImplBase {
    static final int CHUNK_BYTES = 1 << 16;

    private final ArtifactStore store;
    private final Uploads uploads;

    ByteStreamEndpoint(ArtifactStore store) {
        this.store = store;
        this.uploads = new Uploads(store);
    }

    @Override
    public void read(ReadRequest request, StreamObserver<ReadResponse> responses) {
        String tenant = Tenant.ofCaller();
        ResponseStream.serve(responses, stream -> read(request, tenant, stream));
    }

    private void read(ReadRequest request, String tenant, ResponseStream<ReadResponse> stream) {
        Violations violations = new Violations();
        violations.range("read_limit", request.getReadLimit(), 0, Long.MAX_VALUE);
        violations.throwIfAny();
        try (ArtifactReader reader = store.open(tenant, request.getResourceName())) {
            long offset = request.getReadOffset();
            long left = request.getReadLimit() == 0 ? Long.MAX_VALUE : request.getReadLimit();
            ByteString block = reader.read(offset);
            while (!block.isEmpty()) {
                ByteString wanted = block.substring(0, (int) Math.min(left, block.size()));
                send(wanted, stream);
                offset += wanted.size();
                left -= wanted.size();
                block = left == 0 ? ByteString.EMPTY : reader.read(offset);
            }
        }
    }

    /** Returns when all of it was handed to the transport, which takes it only as fast as the caller reads. */
    private static void send(ByteString bytes, ResponseStream<ReadResponse> stream) {
        for (int offset = 0; offset < bytes.size(); offset += CHUNK_BYTES) {
            ByteString chunk = bytes.substring(offset, Math.min(offset + CHUNK_BYTES, bytes.size()));
            stream.send(ReadResponse.newBuilder().setData(chunk).build());
        }
    }

    @Override
    public StreamObserver<WriteRequest> write(StreamObserver<WriteResponse> responses) {
        String tenant = Tenant.ofCaller();
        return new UploadStream(uploads, tenant, responses);
    }

    @Override
    public void queryWriteStatus(QueryWriteStatusRequest request, StreamObserver<QueryWriteStatusResponse> responses) {
        String tenant = Tenant.ofCaller();
        ResponseStream.reply(responses, () -> status(store.get(tenant, request.getResourceName())));
    }

    private QueryWriteStatusResponse status(Artifact artifact) {
        long size = artifact.complete()
                ? artifact.sizeBytes()
                : store.folder().uploadedBytes(ArtifactStore.id(artifact.name()));
        return QueryWriteStatusResponse.newBuilder()
                .setCommittedSize(size)
                .setComplete(artifact.complete())
                .build();
    }
}
