// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import dev.darkroom.text2image.v1.GenerateRequest;
import dev.darkroom.text2image.v1.GenerateResponse;
import dev.darkroom.text2image.v1.TextToImageServiceGrpc;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Reads a stream as slowly as the test wants. */
final class TestingReader extends ClientCall.Listener<GenerateResponse> {

    private final ClientCall<GenerateRequest, GenerateResponse> call;
    private final List<Long> sequences = new ArrayList<>();
    private final CompletableFuture<Status> ended = new CompletableFuture<>();

    TestingReader(ManagedChannel channel, CallOptions options) {
        call = channel.newCall(TextToImageServiceGrpc.getGenerateMethod(), options);
        call.start(this, new Metadata());
        call.sendMessage(GenerateRequest.getDefaultInstance());
        call.halfClose();
    }

    TestingReader(ManagedChannel channel) {
        this(channel, CallOptions.DEFAULT);
    }

    TestingReader read(int more) {
        call.request(more);
        return this;
    }

    void goAway() {
        call.cancel("gone", null);
    }

    Status.Code awaitEnd() throws Exception {
        return ended.get(20, TimeUnit.SECONDS).getCode();
    }

    synchronized List<Long> sequences() {
        return List.copyOf(sequences);
    }

    @Override
    public synchronized void onMessage(GenerateResponse message) {
        sequences.add(message.getSequence());
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
        ended.complete(status);
    }
}
