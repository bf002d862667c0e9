// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.read.ListAppender;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

final class StatusMapperTest {

    private final Logger logger = (Logger) LoggerFactory.getLogger(StatusMapper.class);
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();

    @BeforeEach
    void listen() {
        log.start();
        logger.setAdditive(false);
        logger.addAppender(log);
    }

    @AfterEach
    void leave() {
        logger.detachAppender(log);
        logger.setAdditive(true);
    }

    @Test
    void toStatus_invalidArgument_carriesEveryViolation() {
        List<Violation> violations = List.of(new Violation("a", "must be 1"), new Violation("b", "must be 2"));
        ErrorDetails error = map(new Fault.InvalidArgument(violations));

        assertThat(error.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(error.reason()).isEqualTo("REQUEST_INVALID");
        assertThat(error.domain()).isEqualTo("darkroom.dev");
        assertThat(error.violations()).isEqualTo(violations);
    }

    @Test
    void toStatus_notFound_namesTheKnownOnes() {
        ErrorDetails error =
                map(new Fault.NotFound("MODEL_UNKNOWN", "model", "no\nsuch", List.of("pocket-unet", "other")));

        assertThat(error.code()).isEqualTo(Status.Code.NOT_FOUND);
        assertThat(error.reason()).isEqualTo("MODEL_UNKNOWN");
        assertThat(error.resource()).isEqualTo("no\\u000asuch");
        assertThat(error.metadata()).containsEntry("known", "pocket-unet,other");
        assertThat(error.message()).isEqualTo("No model is called no\\u000asuch; known: pocket-unet, other");
    }

    @Test
    void toStatus_refused_carriesItsMetadata() {
        ErrorDetails error =
                map(new Fault.Refused("PROMPT_BLOCKED", "Blocked by policy default", Map.of("categories", "gore")));

        assertThat(error.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(error.reason()).isEqualTo("PROMPT_BLOCKED");
        assertThat(error.metadata()).containsExactlyEntriesOf(Map.of("categories", "gore"));
        assertThat(error.violations()).isEmpty();
    }

    @Test
    void toStatus_overloadedAndUnavailable_sayWhenToComeBack() {
        ErrorDetails overloaded = map(new Fault.Overloaded("QUEUE_FULL", "queue", "full", Duration.ofMillis(1500)));
        assertThat(overloaded.code()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        assertThat(overloaded.retryAfter()).isEqualTo(Duration.ofMillis(1500));

        Metadata trailers = Status.trailersFromThrowable(
                StatusMapper.toStatus(new Fault.Overloaded("QUEUE_FULL", "queue", "full", Duration.ofMillis(1500))));
        assertThat(Objects.requireNonNull(trailers)
                        .get(Metadata.Key.of("grpc-retry-pushback-ms", Metadata.ASCII_STRING_MARSHALLER)))
                .isEqualTo("1500");

        ErrorDetails unavailable = map(new Fault.Unavailable("MODEL_LOADING", "loading", Duration.ofSeconds(2)));
        assertThat(unavailable.code()).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(unavailable.retryAfter()).isEqualTo(Duration.ofSeconds(2));
    }

    @Test
    void toStatus_outOfRange_isNotLogged() {
        ErrorDetails error = map(new Fault.OutOfRange("OFFSET_PAST_END", "the artifact has 5 bytes"));

        assertThat(error.code()).isEqualTo(Status.Code.OUT_OF_RANGE);
        assertThat(error.reason()).isEqualTo("OFFSET_PAST_END");
        assertThat(log.list).isEmpty();
    }

    @Test
    void toStatus_dataLoss_isLoggedOnce() {
        ErrorDetails error = map(new Fault.DataLoss("ARTIFACT_DAMAGED", "the bytes are not those that were stored"));

        assertThat(error.code()).isEqualTo(Status.Code.DATA_LOSS);
        assertThat(error.metadata()).containsOnlyKeys("trace_id");
        assertThat(log.list).hasSize(1);
    }

    @Test
    void toStatus_unknownException_tellsNothingAndLogsOnceWithoutItsWords() {
        ErrorDetails error =
                map(new IllegalStateException("a heliotrope fox", new RuntimeException("heliotrope again")));

        assertThat(error.code()).isEqualTo(Status.Code.INTERNAL);
        assertThat(error.message()).isEqualTo("Internal error");
        assertThat(error.metadata()).containsOnlyKeys("trace_id");
        assertThat(log.list).hasSize(1);
        assertThat(logged())
                .contains("java.lang.IllegalStateException", "StatusMapperTest", "java.lang.RuntimeException")
                .doesNotContain("heliotrope");
    }

    @Test
    void toStatus_internalFault_logsItsCauseButDoesNotTellIt() {
        ErrorDetails error =
                map(new Fault.Internal("INFERENCE_FAILED", "The model failed", new RuntimeException("native text")));

        assertThat(error.reason()).isEqualTo("INFERENCE_FAILED");
        assertThat(error.toString()).doesNotContain("native text");
        assertThat(logged()).contains("native text");
    }

    @Test
    void toStatus_statusOfOurService_passesUnchanged() {
        StatusRuntimeException upstream =
                StatusMapper.toStatus(new Fault.NotFound("MODEL_UNKNOWN", "model", "x", List.of("pocket-unet")));

        assertThat(map(upstream)).isEqualTo(ErrorDetails.of(upstream));
        assertThat(map(new CompletionException(upstream))).isEqualTo(ErrorDetails.of(upstream));
    }

    @Test
    void toStatus_upstreamTurnsOurCredentialDown_isOurFault() {
        StatusRuntimeException upstream = StatusMapper.toStatus(new Fault.Unauthenticated("CREDENTIAL_INVALID", "no"));

        assertThat(map(upstream).code()).isEqualTo(Status.Code.INTERNAL);
    }

    @Test
    void toStatus_strangersStatus_isReplaced() {
        assertThat(map(Status.UNAVAILABLE
                                .withDescription("io exception 10.0.0.7")
                                .asRuntimeException())
                        .toString())
                .contains("UPSTREAM_UNAVAILABLE")
                .doesNotContain("10.0.0.7");
        assertThat(map(Status.DEADLINE_EXCEEDED.asRuntimeException()).code()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        assertThat(map(Status.UNKNOWN.withDescription("what").asRuntimeException())
                        .message())
                .isEqualTo("Internal error");
    }

    @Test
    void toStatus_cancellation_dependsOnWhatEndedTheCall() throws Exception {
        assertThat(mapIn(new CancellationException())).isEqualTo(Status.Code.CANCELLED);
        assertThat(mapIn(new TimeoutException())).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        assertThat(log.list).isEmpty();
    }

    private static Status.Code mapIn(Throwable cause) throws Exception {
        Context.CancellableContext context = Context.current().withCancellation();
        context.cancel(cause);
        return context.call(() -> map(new CancellationException()).code());
    }

    private static ErrorDetails map(Throwable thrown) {
        return ErrorDetails.of(StatusMapper.toStatus(thrown));
    }

    private String logged() {
        ILoggingEvent event = log.list.getFirst();
        return event.getFormattedMessage() + ThrowableProxyUtil.asString(event.getThrowableProxy());
    }
}
