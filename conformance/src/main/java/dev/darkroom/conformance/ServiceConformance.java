// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.darkroom.rpc.ErrorDetails;
import dev.darkroom.rpc.Preparation;
import dev.darkroom.rpc.RpcConfiguration;
import dev.darkroom.rpc.ServiceApplication;
import dev.darkroom.rpc.Trace;
import dev.darkroom.rpc.Violation;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/**
 * What every service does, over a real socket: health that follows readiness, reflection, errors with details,
 * deadlines, cancellation, limits, credential, trace, draining, and silence about
 * prompts. One running service serves most tests; those about starting and stopping start their own.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(120)
public abstract class ServiceConformance {

    private static final String TOKEN = "conformance-backend-token";
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private @Nullable ServiceApplication application;
    private @Nullable ManagedChannel channel;

    /** The service as a test starts it, on any free port of the loopback interface; a new one at each call. */
    protected abstract ServiceApplication.Builder service();

    /** Full name of the gRPC service, for instance {@code darkroom.safety.v1.SafetyService}. */
    protected abstract String serviceName();

    /** A request that is answered with OK; its words contain {@link #secret}. */
    protected abstract Example<?, ?> good();

    /** A request whose only faults are {@link #badFields}; its words contain {@link #secret}. */
    protected abstract Example<?, ?> bad();

    /** Proto names of at least two fields of {@link #bad} that are wrong. */
    protected abstract List<String> badFields();

    /** Words of the requests that no log and no status may hold. */
    protected abstract String secret();

    /** A good request that works for at least two seconds and streams meanwhile; null where the service has none. */
    protected @Nullable Example<?, ?> lasting() {
        return null;
    }

    /** Responses to {@link #lasting} after which the expensive part of the work has begun. */
    protected int responsesUntilWorking() {
        return 3;
    }

    /** The time within which cancelled work must have ended; at least one step of it. */
    protected Duration stopsWithin() {
        return Duration.ofSeconds(2);
    }

    @BeforeAll
    void startService() {
        application = service().start();
        application.awaitReady(PATIENCE);
        channel = connect(application);
    }

    @AfterAll
    void stopService() {
        if (channel != null) {
            channel.shutdownNow();
        }
        if (application != null) {
            application.close();
        }
    }

    @Test
    void health_beforeAndAfterReady_followsReadiness() {
        CountDownLatch loaded = new CountDownLatch(1);
        Preparation loading = loaded::await;
        try (ServiceApplication starting = service().singletons(loading).start()) {
            ManagedChannel early = connect(starting);
            try {
                assertThat(health(early, "")).isEqualTo(ServingStatus.NOT_SERVING);
                assertThat(health(early, serviceName())).isEqualTo(ServingStatus.NOT_SERVING);
                ErrorDetails error = failure(early, good());
                assertThat(error.code()).isEqualTo(Status.Code.UNAVAILABLE);
                assertThat(error.retryAfter()).isPositive();

                loaded.countDown();
                starting.awaitReady(PATIENCE);

                assertThat(health(early, "")).isEqualTo(ServingStatus.SERVING);
                assertThat(health(early, serviceName())).isEqualTo(ServingStatus.SERVING);
            } finally {
                loaded.countDown();
                early.shutdownNow();
            }
        }
    }

    @Test
    void reflection_asked_namesAndDescribesTheService() {
        BlockingQueue<ServerReflectionResponse> answers = new LinkedBlockingQueue<>();
        StreamObserver<ServerReflectionRequest> requests =
                ServerReflectionGrpc.newStub(channel()).serverReflectionInfo(into(answers));
        requests.onNext(
                ServerReflectionRequest.newBuilder().setListServices("*").build());
        List<ServiceResponse> services = next(answers).getListServicesResponse().getServiceList();
        requests.onNext(ServerReflectionRequest.newBuilder()
                .setFileContainingSymbol(serviceName())
                .build());
        int files = next(answers).getFileDescriptorResponse().getFileDescriptorProtoCount();
        requests.onCompleted();

        assertThat(services)
                .extracting(ServiceResponse::getName)
                .contains(serviceName(), "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection");
        assertThat(files).isPositive();
    }

    @Test
    void call_goodRequest_isAnswered() {
        TestingCall.Ended ended = TestingCall.run(channel(), good(), new Metadata());

        assertThat(ended.status().isOk()).as("%s", ended.status()).isTrue();
        assertThat(ended.responses()).isPositive();
    }

    @Test
    void call_badRequest_namesAllBadFields() {
        ErrorDetails error = failure(channel(), bad());

        assertThat(error.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(error.reason()).matches("[A-Z][A-Z0-9_]{0,62}");
        assertThat(error.domain()).isEqualTo("darkroom.dev");
        assertThat(error.violations()).extracting(Violation::field).containsExactlyInAnyOrderElementsOf(badFields());
        assertThat(error.violations())
                .allSatisfy(violation -> assertThat(violation.description()).isNotBlank());
        assertDiscreet(error);
    }

    @Test
    void call_requestOverTheLimit_isResourceExhaustedAndServiceGoesOn() {
        int limit = configuration().maxInboundMessageSize();
        TestingCall.Ended ended = TestingCall.run(channel(), good().padded(limit), new Metadata());

        assertThat(ended.code()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        assertThat(TestingCall.run(channel(), good(), new Metadata()).code()).isEqualTo(Status.Code.OK);
    }

    @Test
    void call_callersDeadlinePasses_workStops() {
        Example<?, ?> lasting = assumeLasting();
        try (LogCapture log = new LogCapture()) {
            Trace trace = Trace.fresh();
            CallOptions hasty = CallOptions.DEFAULT.withDeadlineAfter(700, TimeUnit.MILLISECONDS);
            TestingCall<?, ?> call = TestingCall.open(channel(), lasting, headers(trace), hasty, 0);

            assertThat(call.send().end().code()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
            assertThat(requestLine(log, trace, stopsWithin())).containsPattern("code=(DEADLINE_EXCEEDED|CANCELLED)");
        }
    }

    /** The caller does not watch its deadline here: its cancel would race the service's own clock. */
    @Test
    void call_toldDeadlinePasses_endsByTheServicesOwnClock() {
        Example<?, ?> lasting = assumeLasting();
        try (LogCapture log = new LogCapture()) {
            Trace trace = Trace.fresh();
            Metadata headers = headers(trace);
            headers.put(TestingCall.TIMEOUT, "700m");
            TestingCall.open(channel(), lasting, headers, CallOptions.DEFAULT, 0)
                    .send();

            assertThat(requestLine(log, trace, stopsWithin())).contains("code=DEADLINE_EXCEEDED");
        }
    }

    @Test
    void call_callerBroughtNoDeadline_endsAtTheDefaultOne() {
        try (ServiceApplication hasty =
                service().property("darkroom.rpc.default-deadline", "300ms").start()) {
            hasty.awaitReady(PATIENCE);
            ManagedChannel toHasty = connect(hasty);
            try {
                // The request never comes, so the call can end only by the deadline.
                ErrorDetails error = open(toHasty, good()).end().error();

                assertThat(error.code()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
                assertThat(error.reason()).isEqualTo("DEADLINE_EXCEEDED");
            } finally {
                toHasty.shutdownNow();
            }
        }
    }

    @Test
    void call_cancelledWhileWorking_workStops() throws InterruptedException {
        Example<?, ?> lasting = assumeLasting();
        try (LogCapture log = new LogCapture()) {
            Trace trace = Trace.fresh();
            TestingCall<?, ?> call =
                    TestingCall.open(channel(), lasting, headers(trace), CallOptions.DEFAULT, responsesUntilWorking());
            call.send().awaitResponses().cancel();

            // The line is written when no thread works for the call any more.
            assertThat(requestLine(log, trace, stopsWithin())).contains("code=CANCELLED");
        }
    }

    @Test
    void call_withoutCredential_isUnauthenticated() {
        assumeTrue(configuration().callers() == RpcConfiguration.Callers.GATEWAY, "serves everybody");
        try (ServiceApplication guarded =
                service().property("darkroom.backend-token", TOKEN).start()) {
            guarded.awaitReady(PATIENCE);
            ManagedChannel toGuarded = connect(guarded);
            try {
                assertUnauthenticated(
                        TestingCall.run(toGuarded, good(), new Metadata()).error());
                assertUnauthenticated(TestingCall.run(toGuarded, good(), bearer("another-backend-token"))
                        .error());
                assertThat(TestingCall.run(toGuarded, good(), bearer(TOKEN)).code())
                        .isEqualTo(Status.Code.OK);
                assertThat(health(toGuarded, "")).isEqualTo(ServingStatus.SERVING);
            } finally {
                toGuarded.shutdownNow();
            }
        }
    }

    @Test
    void close_callInFlight_healthEndsFirstAndCallFinishes() {
        ServiceApplication draining = service().start();
        draining.awaitReady(PATIENCE);
        ManagedChannel toDraining = connect(draining);
        BlockingQueue<HealthCheckResponse> watched = new LinkedBlockingQueue<>();
        try {
            HealthGrpc.newStub(toDraining).watch(HealthCheckRequest.getDefaultInstance(), into(watched));
            assertThat(next(watched).getStatus()).isEqualTo(ServingStatus.SERVING);
            TestingCall<?, ?> call = open(toDraining, good());
            // Same connection, so the server has seen the call when this is answered.
            assertThat(health(toDraining, "")).isEqualTo(ServingStatus.SERVING);

            CompletableFuture<Void> closed = CompletableFuture.runAsync(draining::close);
            assertThat(next(watched).getStatus()).isEqualTo(ServingStatus.NOT_SERVING);
            assertThat(closed).isNotDone();
            assertThat(call.send().end().code()).isEqualTo(Status.Code.OK);
            assertThat(closed).succeedsWithin(PATIENCE);
        } finally {
            toDraining.shutdownNow();
            draining.close();
        }
    }

    @Test
    void call_withTraceparent_tellsTheTraceIdBackAndLogsIt() {
        try (LogCapture log = new LogCapture()) {
            Trace trace = Trace.fresh();
            TestingCall.Ended good = TestingCall.run(channel(), good(), headers(trace));
            assertThat(good.trailers().get(Trace.TRACE_ID)).isEqualTo(trace.traceId());
            assertThat(requestLine(log, trace, PATIENCE))
                    .contains("code=OK")
                    .contains("latency_ms=")
                    .contains(serviceName());

            Trace other = Trace.fresh();
            TestingCall.Ended bad = TestingCall.run(channel(), bad(), headers(other));
            assertThat(bad.trailers().get(Trace.TRACE_ID)).isEqualTo(other.traceId());
            assertThat(requestLine(log, other, PATIENCE)).contains("code=INVALID_ARGUMENT");
        }
    }

    @Test
    void call_withoutTraceparent_beginsATrace() {
        assertThat(TestingCall.run(channel(), good(), new Metadata()).trailers().get(Trace.TRACE_ID))
                .matches("[0-9a-f]{32}");
    }

    @Test
    void log_atEveryLevel_neverHoldsTheWordsOfARequest() {
        String words = secret();
        String hex = HexFormat.of().formatHex(words.getBytes(StandardCharsets.UTF_8));
        try (LogCapture log = new LogCapture()) {
            for (Example<?, ?> example : List.of(good(), bad())) {
                assertThat(example.request().toString())
                        .as("the request holds the words")
                        .contains(words);
                Trace trace = Trace.fresh();
                TestingCall.run(channel(), example, headers(trace));
                requestLine(log, trace, PATIENCE);
            }
            assertThat(log.lines()).isNotEmpty().noneMatch(line -> line.contains(words) || line.contains(hex));
        }
    }

    private void assertDiscreet(ErrorDetails error) {
        assertThat(error.toString())
                .doesNotContain(secret())
                .doesNotContainPattern("Exception|\\.java|\\bat [a-z]+\\.|dev\\.darkroom|io\\.grpc|onnx");
    }

    private void assertUnauthenticated(ErrorDetails error) {
        assertThat(error.code()).isEqualTo(Status.Code.UNAUTHENTICATED);
        assertThat(error.domain()).isEqualTo("darkroom.dev");
        assertDiscreet(error);
    }

    private Example<?, ?> assumeLasting() {
        Example<?, ?> lasting = lasting();
        assumeTrue(lasting != null, "no request of this service lasts");
        return Objects.requireNonNull(lasting);
    }

    private RpcConfiguration configuration() {
        return Objects.requireNonNull(application).context().getBean(RpcConfiguration.class);
    }

    private ManagedChannel channel() {
        return Objects.requireNonNull(channel);
    }

    private static ManagedChannel connect(ServiceApplication to) {
        return NettyChannelBuilder.forAddress("127.0.0.1", to.port())
                .usePlaintext()
                .build();
    }

    private static ErrorDetails failure(ManagedChannel channel, Example<?, ?> example) {
        return TestingCall.run(channel, example, new Metadata()).error();
    }

    private static TestingCall<?, ?> open(ManagedChannel channel, Example<?, ?> example) {
        return TestingCall.open(channel, example, new Metadata(), CallOptions.DEFAULT, 0);
    }

    private static ServingStatus health(ManagedChannel channel, String service) {
        return ClientCalls.blockingUnaryCall(
                        channel,
                        HealthGrpc.getCheckMethod(),
                        CallOptions.DEFAULT,
                        HealthCheckRequest.newBuilder().setService(service).build())
                .getStatus();
    }

    private static String requestLine(LogCapture log, Trace trace, Duration within) {
        return log.await(line -> line.contains("dev.darkroom.request") && line.contains(trace.traceId()), within);
    }

    private static Metadata headers(Trace trace) {
        Metadata headers = new Metadata();
        headers.put(TestingCall.TRACEPARENT, trace.traceparent());
        return headers;
    }

    private static Metadata bearer(String token) {
        Metadata headers = new Metadata();
        headers.put(TestingCall.AUTHORIZATION, "Bearer " + token);
        return headers;
    }

    private static <T> StreamObserver<T> into(BlockingQueue<T> queue) {
        return new StreamObserver<>() {
            @Override
            public void onNext(T value) {
                queue.add(value);
            }

            @Override
            public void onError(Throwable t) {}

            @Override
            public void onCompleted() {}
        };
    }

    private static <T> T next(BlockingQueue<T> queue) {
        try {
            T value = queue.poll(PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
            assertThat(value).as("nothing came within %s", PATIENCE).isNotNull();
            return Objects.requireNonNull(value);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("Interrupted", e);
        }
    }
}
