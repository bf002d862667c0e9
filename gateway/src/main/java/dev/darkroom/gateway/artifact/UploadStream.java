// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.artifact;

import dev.darkroom.bytestream.WriteRequest;
import dev.darkroom.bytestream.WriteResponse;
import dev.darkroom.rpc.Violations;
import io.grpc.stub.StreamObserver;
import org.jspecify.annotations.Nullable;

/** The messages of one call to {@code Write}, which come one at a time; the next one is asked for when the last one is on the disk. */
final class UploadStream implements StreamObserver<WriteRequest> {
    private final Uploads uploads;
    private final String tenant;
    private final StreamObserver<WriteResponse> responses;
    private @Nullable Upload upload;
    private String name = "";
    private boolean ended;

    UploadStream(Uploads uploads, String tenant, StreamObserver<WriteResponse> responses) {
        this.uploads = uploads;
        this.tenant = tenant;
        this.responses = responses;
    }

    @Override
    public void onNext(WriteRequest request) {
        if (ended) {
            return; // messages that were on their way when the call failed
        }
        try {
            take(request);
        } catch (RuntimeException e) {
            end();
            throw e;
        }
    }

    private void take(WriteRequest request) {
        Upload current = upload == null ? begin(request.getResourceName()) : upload;
        requireName(request.getResourceName());
        current.append(request.getWriteOffset(), request.getData());
        if (request.getFinishWrite()) {
            current.finish();
            answer(current);
        }
    }

    private Upload begin(String first) {
        name = first;
        upload = uploads.begin(tenant, name);
        return upload;
    }

    private void requireName(String given) {
        Violations violations = new Violations();
        violations.check(given.isEmpty() || given.equals(name), "resource_name", "the same throughout a call", given);
        violations.throwIfAny();
    }

    @Override
    public void onCompleted() {
        if (!ended && upload != null) {
            answer(upload);
        } else if (!ended) {
            Violations violations = new Violations();
            violations.add("resource_name", "given in the first message", "");
            violations.throwIfAny();
        }
    }

    @Override
    public void onError(Throwable cancelled) {
        end();
    }

    private void answer(Upload written) {
        long committedSize = written.committedSize();
        end();
        responses.onNext(
                WriteResponse.newBuilder().setCommittedSize(committedSize).build());
        responses.onCompleted();
    }

    private void end() {
        ended = true;
        if (upload != null) {
            uploads.end(upload);
        }
    }
}
