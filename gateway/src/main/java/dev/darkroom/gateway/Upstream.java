// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import com.google.common.util.concurrent.ListenableFuture;
import dev.darkroom.rpc.Fault;
import io.grpc.Channel;
import io.grpc.ChannelCredentials;
import io.grpc.ClientInterceptor;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.AbstractStub;
import io.micronaut.context.exceptions.ConfigurationException;
import java.io.IOException;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The connection to one service behind the gateway; owns its channel. Thread-safe. */
final class Upstream implements AutoCloseable {
    /**
     * How much of a stream is taken in while the client does not read: 16 chunks of a picture, then HTTP/2 stops the sender. Fixed,
     * because a window that grows with the bandwidth would let a slow client fill more memory on a faster network.
     */
    private static final int FLOW_CONTROL_WINDOW_BYTES = 1 << 20;

    /** Calls that change nothing get 4 attempts within 0.7 s, fewer while most calls fail (gRFC A6). */
    private static final Map<String, ?> RETRY_POLICY = Map.of(
            "maxAttempts",
            4.0,
            "initialBackoff",
            "0.1s",
            "backoffMultiplier",
            2.0,
            "maxBackoff",
            "2s",
            "retryableStatusCodes",
            List.of("UNAVAILABLE"));

    private static final Map<String, ?> RETRY_THROTTLING = Map.of("maxTokens", 10.0, "tokenRatio", 0.1);

    /** The largest message is a checkpoint, whose state has at most 16 MiB. */
    private static final int MAX_INBOUND_MESSAGE_BYTES = (16 << 20) + (64 << 10);

    private static final Duration HEALTH_TIMEOUT = Duration.ofSeconds(1);
    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);
    private static final Metadata.Key<byte[]> STATUS_DETAILS =
            Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);

    private final UpstreamConfiguration configuration;
    private final ManagedChannel channel;

    /** @param idempotent the methods that may be sent again because they change nothing; no other is */
    Upstream(
            UpstreamConfiguration configuration,
            List<MethodDescriptor<?, ?>> idempotent,
            List<ClientInterceptor> interceptors) {
        this.configuration = configuration;
        this.channel = NettyChannelBuilder.forTarget(configuration.address(), credentials(configuration))
                .intercept(interceptors)
                .defaultLoadBalancingPolicy("round_robin")
                .disableServiceConfigLookUp()
                .defaultServiceConfig(serviceConfig(idempotent))
                .keepAliveTime(configuration.keepAlive().toMillis(), TimeUnit.MILLISECONDS)
                .keepAliveTimeout(configuration.keepAliveTimeout().toMillis(), TimeUnit.MILLISECONDS)
                .maxInboundMessageSize(MAX_INBOUND_MESSAGE_BYTES)
                .flowControlWindow(FLOW_CONTROL_WINDOW_BYTES)
                .build();
    }

    /** {@code text2image}, {@code safety} or {@code caption}. */
    String name() {
        return configuration.name();
    }

    /** For making stubs. */
    Channel channel() {
        return channel;
    }

    /**
     * Makes a short call: it may take as long as the configuration says, or as long as the caller waits, whichever ends first.
     *
     * @throws Fault.Unavailable if the service cannot be reached or does not answer in time
     * @throws StatusRuntimeException what the service itself said, to be passed on as it is
     */
    <S extends AbstractStub<S>, R> R call(S stub, Function<S, R> method) {
        Deadline limit = Deadline.after(configuration.timeout().toNanos(), TimeUnit.NANOSECONDS);
        try {
            return method.apply(stub.withDeadline(limit));
        } catch (StatusRuntimeException failure) {
            throw fault(failure, limit);
        }
    }

    /**
     * Makes a call that streams, and hands on each event, in order, on the calling thread. The next event is fetched when the one
     * before was taken, so a consumer that waits makes the service wait. It may take as long as the caller waits; it is cancelled when
     * the caller goes away and when anything is thrown.
     *
     * @throws Fault.Unavailable if the service cannot be reached, or is lost halfway
     * @throws StatusRuntimeException what the service itself said, to be passed on as it is
     */
    <E> void stream(Supplier<Iterator<E>> method, Consumer<E> events) {
        Context.CancellableContext call = Context.current().withCancellation();
        try {
            call.run(() -> method.get().forEachRemaining(events));
        } catch (StatusRuntimeException failure) {
            throw fault(failure, null);
        } finally {
            call.cancel(null);
        }
    }

    /** Asks the service whether it serves; the answer comes within a second, or fails. */
    ListenableFuture<HealthCheckResponse> health() {
        return HealthGrpc.newFutureStub(channel)
                .withDeadlineAfter(HEALTH_TIMEOUT)
                .check(HealthCheckRequest.getDefaultInstance());
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }

    private RuntimeException fault(StatusRuntimeException failure, @Nullable Deadline limit) {
        if (Context.current().isCancelled() || saysWhy(failure)) {
            return failure;
        }
        return switch (failure.getStatus().getCode()) {
            // CANCELLED: it was not us, so the service went down with the call in its hands.
            case UNAVAILABLE, CANCELLED -> unavailable("cannot be reached");
            case DEADLINE_EXCEEDED ->
                isOurs(limit)
                        ? unavailable("did not answer within "
                                + configuration.timeout().toMillis() + " ms")
                        : failure;
            default -> failure;
        };
    }

    private Fault.Unavailable unavailable(String how) {
        String reason = configuration.name().toUpperCase(Locale.ROOT) + "_UNAVAILABLE";
        return new Fault.Unavailable(reason, "The service " + configuration.name() + " " + how, RETRY_AFTER);
    }

    /** Whether the service answered, so that its own words are passed on. */
    private static boolean saysWhy(StatusRuntimeException failure) {
        return failure.getTrailers() != null && failure.getTrailers().containsKey(STATUS_DETAILS);
    }

    private static boolean isOurs(@Nullable Deadline limit) {
        Deadline caller = Context.current().getDeadline();
        return limit != null && (caller == null || limit.isBefore(caller));
    }

    private static ChannelCredentials credentials(UpstreamConfiguration configuration) {
        if (!configuration.tls()) {
            return InsecureChannelCredentials.create();
        }
        TlsChannelCredentials.Builder tls = TlsChannelCredentials.newBuilder();
        if (configuration.trustFile() == null) {
            return tls.build();
        }
        try {
            return tls.trustManager(configuration.trustFile().toFile()).build();
        } catch (IOException e) {
            String key = "darkroom.upstreams." + configuration.name() + ".trust-file";
            throw new ConfigurationException("Cannot read " + key + " " + configuration.trustFile(), e);
        }
    }

    private static Map<String, ?> serviceConfig(List<MethodDescriptor<?, ?>> idempotent) {
        List<Map<String, ?>> names = idempotent.stream()
                .<Map<String, ?>>map(
                        method -> Map.of("service", method.getServiceName(), "method", method.getBareMethodName()))
                .toList();
        Map<String, ?> retried = Map.of("name", names, "retryPolicy", RETRY_POLICY);
        return Map.of("methodConfig", List.of(retried), "retryThrottling", RETRY_THROTTLING);
    }
}
