// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import com.google.longrunning.CancelOperationRequest;
import com.google.longrunning.GetOperationRequest;
import com.google.longrunning.Operation;
import com.google.longrunning.OperationsGrpc;
import com.google.longrunning.OperationsGrpc.OperationsBlockingStub;
import com.google.longrunning.WaitOperationRequest;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.darkroom.bytestream.ByteStreamGrpc;
import dev.darkroom.bytestream.ReadRequest;
import dev.darkroom.gateway.v1.GenerateImagesRequest;
import dev.darkroom.gateway.v1.GenerateImagesResponse;
import dev.darkroom.gateway.v1.GenerationServiceGrpc;
import dev.darkroom.gateway.v1.GenerationServiceGrpc.GenerationServiceBlockingStub;
import dev.darkroom.gateway.v1.OperationMetadata;
import dev.darkroom.gateway.v1.WatchOperationRequest;
import dev.darkroom.gateway.v1.WatchOperationResponse;
import dev.darkroom.rpc.ErrorDetails;
import dev.darkroom.text2image.v1.ImageParameters;
import io.grpc.Channel;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A client that gives jobs to a gateway. */
final class TestingJobs {
    private static final Duration PATIENCE = Duration.ofSeconds(40);

    private final Channel channel;

    TestingJobs(Channel channel) {
        this.channel = channel;
    }

    /** Of a picture; equal seeds give equal pictures. */
    static GenerateImagesRequest.Builder picture(long seed) {
        return GenerateImagesRequest.newBuilder()
                .setParameters(ImageParameters.newBuilder().setPrompt("a fox").setSeed(seed));
    }

    Operation submit(GenerateImagesRequest.Builder request) {
        return generation().generateImages(request.build());
    }

    Operation get(String name) {
        return operations()
                .getOperation(GetOperationRequest.newBuilder().setName(name).build());
    }

    /** Waits until the operation has ended. */
    Operation end(String name) {
        Operation operation = operations()
                .waitOperation(WaitOperationRequest.newBuilder().setName(name).build());
        if (!operation.getDone()) {
            throw new AssertionError("not done: " + metadata(operation));
        }
        return operation;
    }

    void cancel(String name) {
        operations()
                .cancelOperation(
                        CancelOperationRequest.newBuilder().setName(name).build());
    }

    List<WatchOperationResponse> watch(String name, long afterSequence) {
        List<WatchOperationResponse> events = new ArrayList<>();
        generation()
                .watchOperation(WatchOperationRequest.newBuilder()
                        .setName(name)
                        .setAfterSequence(afterSequence)
                        .build())
                .forEachRemaining(events::add);
        return events;
    }

    byte[] read(String artifact) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ByteStreamGrpc.newBlockingStub(channel)
                .withDeadlineAfter(PATIENCE)
                .read(ReadRequest.newBuilder().setResourceName(artifact).build())
                .forEachRemaining(part -> {
                    try {
                        part.getData().writeTo(bytes);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
        return bytes.toByteArray();
    }

    static OperationMetadata metadata(Operation operation) {
        try {
            return operation.getMetadata().unpack(OperationMetadata.class);
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError(e);
        }
    }

    static GenerateImagesResponse images(Operation operation) {
        try {
            return operation.getResponse().unpack(GenerateImagesResponse.class);
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError(operation.getError().toString(), e);
        }
    }

    static ErrorDetails error(Operation operation) {
        return ErrorDetails.of(StatusProto.toStatusRuntimeException(operation.getError()));
    }

    /** What a call that must fail fails with. */
    static ErrorDetails failure(Runnable call) {
        try {
            call.run();
            throw new AssertionError("was served");
        } catch (StatusRuntimeException failure) {
            return ErrorDetails.of(failure);
        }
    }

    GenerationServiceBlockingStub generation() {
        return GenerationServiceGrpc.newBlockingStub(channel).withDeadlineAfter(PATIENCE);
    }

    OperationsBlockingStub operations() {
        return OperationsGrpc.newBlockingStub(channel).withDeadlineAfter(PATIENCE);
    }
}
