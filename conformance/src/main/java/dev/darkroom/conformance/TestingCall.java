// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.conformance;

import com.google.protobuf.Message;
import dev.darkroom.rpc.ErrorDetails;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** One call, step by step, with everything that came back. */
final class TestingCall<Q extends Message, R> extends ClientCall.Listener<R> {

    static final Metadata.Key<String> TRACEPARENT = Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER);
    static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    /** Time that the caller gives, for instance {@code 700m} for milliseconds. */
    static final Metadata.Key<String> TIMEOUT = Metadata.Key.of("grpc-timeout", Metadata.ASCII_STRING_MARSHALLER);

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Example<Q, R> example;
    private final ClientCall<Q, R> call;
    private final CountDownLatch wanted;
    private final List<R> responses = new ArrayList<>();
    private final Metadata receivedHeaders = new Metadata();
    private final CompletableFuture<Ended> ended = new CompletableFuture<>();

    /** How a call ended. */
    record Ended(Status status, Metadata trailers, int responses) {
        ErrorDetails error() {
            return ErrorDetails.of(status.asRuntimeException(trailers));
        }

        Status.Code code() {
            return status.getCode();
        }
    }

    private TestingCall(Example<Q, R> example, ClientCall<Q, R> call, int wanted) {
        this.example = example;
        this.call = call;
        this.wanted = new CountDownLatch(wanted);
    }

    /** Sends the request and waits for the end. */
    static <Q extends Message, R> Ended run(ManagedChannel channel, Example<Q, R> example, Metadata headers) {
        return open(channel, example, headers, CallOptions.DEFAULT, 0).send().end();
    }

    /**
     * Opens a call without sending the request yet: the server has it in flight.
     *
     * @param wanted responses that {@link #awaitResponses} waits for
     */
    static <Q extends Message, R> TestingCall<Q, R> open(
            ManagedChannel channel, Example<Q, R> example, Metadata headers, CallOptions options, int wanted) {
        // As a two-way stream the call leaves at once, not together with its message; the server sees no difference.
        MethodDescriptor<Q, R> method = example.method().toBuilder()
                .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
                .build();
        TestingCall<Q, R> testing = new TestingCall<>(example, channel.newCall(method, options), wanted);
        testing.call.start(testing, headers);
        testing.call.request(Integer.MAX_VALUE);
        return testing;
    }

    TestingCall<Q, R> send() {
        call.sendMessage(example.request());
        call.halfClose();
        return this;
    }

    TestingCall<Q, R> awaitResponses() throws InterruptedException {
        if (!wanted.await(PATIENCE.toNanos(), TimeUnit.NANOSECONDS)) {
            throw new AssertionError("Too few responses within " + PATIENCE);
        }
        return this;
    }

    void cancel() {
        call.cancel("not wanted any more", null);
    }

    Ended end() {
        try {
            return ended.get(PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new AssertionError("The call did not end within " + PATIENCE, e);
        }
    }

    synchronized Metadata headers() {
        return receivedHeaders;
    }

    @Override
    public synchronized void onHeaders(Metadata headers) {
        receivedHeaders.merge(headers);
    }

    @Override
    public synchronized void onMessage(R message) {
        responses.add(message);
        wanted.countDown();
    }

    @Override
    public synchronized void onClose(Status status, Metadata trailers) {
        ended.complete(new Ended(status, trailers, responses.size()));
    }
}
