// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.QuotaFailure;
import com.google.rpc.ResourceInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns whatever ended a call into a status with details (AIP-193): every one carries {@code ErrorInfo} with a reason
 * and the domain {@value #DOMAIN}. Stateless.
 *
 * <p>A {@link Fault} says what it is. A status that a Darkroom service behind this one sent passes unchanged. Anything
 * else is a fault of ours: it is logged once with the trace id, and
 * the caller gets that id and nothing of its text.
 */
public final class StatusMapper {

    /** Domain of every {@code ErrorInfo}. */
    public static final String DOMAIN = "darkroom.dev";

    /** Where gRPC carries details, see {@link StatusProto}. */
    private static final Metadata.Key<byte[]> DETAILS =
            Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);

    private static final Metadata.Key<String> PUSHBACK =
            Metadata.Key.of("grpc-retry-pushback-ms", Metadata.ASCII_STRING_MARSHALLER);
    private static final Duration UPSTREAM_RETRY_AFTER = Duration.ofSeconds(1);
    private static final Logger LOG = LoggerFactory.getLogger(StatusMapper.class);

    private StatusMapper() {}

    /** Maps what the current call's work threw; logs it when it is a fault of ours. */
    public static StatusRuntimeException toStatus(Throwable thrown) {
        return switch (unwrap(thrown)) {
            case Fault fault -> toStatus(fault);
            case StatusRuntimeException e -> fromUpstream(e, e.getStatus());
            case StatusException e -> fromUpstream(e, e.getStatus());
            case CancellationException _ -> cancelled(Context.current());
            case Throwable unknown ->
                Context.current().isCancelled()
                        ? cancelled(Context.current())
                        : internal("INTERNAL", "Internal error", unknown);
        };
    }

    private static StatusRuntimeException toStatus(Fault fault) {
        return switch (fault) {
            case Fault.InvalidArgument f ->
                status(Status.Code.INVALID_ARGUMENT, f, List.of(badRequest(f.violations())));
            case Fault.NotFound f -> status(Status.Code.NOT_FOUND, f, List.of(resource(f)));
            case Fault.Refused f -> status(Status.Code.INVALID_ARGUMENT, f, List.of());
            case Fault.Unauthenticated f -> status(Status.Code.UNAUTHENTICATED, f, List.of());
            case Fault.Overloaded f ->
                status(Status.Code.RESOURCE_EXHAUSTED, f, List.of(retry(f.retryAfter()), quota(f)));
            case Fault.TooShort f -> status(Status.Code.DEADLINE_EXCEEDED, f, List.of());
            case Fault.Unavailable f -> status(Status.Code.UNAVAILABLE, f, List.of(retry(f.retryAfter())));
            case Fault.OutOfRange f -> status(Status.Code.OUT_OF_RANGE, f, List.of());
            case Fault.DataLoss f -> ours(Status.Code.DATA_LOSS, f.reason(), f.description(), f);
            case Fault.AlreadyExists f -> status(Status.Code.ALREADY_EXISTS, f, List.of());
            case Fault.Aborted f -> status(Status.Code.ABORTED, f, List.of());
            case Fault.Cancelled f -> status(Status.Code.CANCELLED, f, List.of());
            case Fault.Internal f -> internal(f.reason(), f.description(), f);
        };
    }

    /** Gives a status that some other code made the details that ours have, unless it has them. */
    static Metadata complete(Status status, Metadata trailers) {
        if (!status.isOk() && !trailers.containsKey(DETAILS)) {
            Metadata ours = status(status.getCode(), status.getCode().name(), text(status), Map.of(), List.of())
                    .getTrailers();
            trailers.merge(ours == null ? new Metadata() : ours);
        }
        return trailers;
    }

    static StatusRuntimeException cancelled(Context context) {
        Deadline deadline = context.getDeadline();
        // Caller and server watch the same deadline: whoever is first decides the cause.
        return context.cancellationCause() instanceof TimeoutException || (deadline != null && deadline.isExpired())
                ? status(
                        Status.Code.DEADLINE_EXCEEDED,
                        "DEADLINE_EXCEEDED",
                        "The deadline has passed",
                        Map.of(),
                        List.of())
                : status(Status.Code.CANCELLED, "CANCELLED", "The call was cancelled", Map.of(), List.of());
    }

    private static StatusRuntimeException fromUpstream(Throwable thrown, Status status) {
        if (Context.current().isCancelled()) {
            return cancelled(Context.current());
        }
        com.google.rpc.Status details = StatusProto.fromThrowable(thrown);
        // A backend that turns this service's credential down is misconfigured; the caller can do nothing about it.
        if (details != null && isOurs(details) && status.getCode() != Status.Code.UNAUTHENTICATED) {
            return withPushback(details);
        }
        return switch (status.getCode()) {
            case UNAVAILABLE ->
                toStatus(new Fault.Unavailable(
                        "UPSTREAM_UNAVAILABLE", "A service behind this one cannot be reached", UPSTREAM_RETRY_AFTER));
            case DEADLINE_EXCEEDED ->
                status(
                        Status.Code.DEADLINE_EXCEEDED,
                        "DEADLINE_EXCEEDED",
                        "A service behind this one took too long",
                        Map.of(),
                        List.of());
            default -> internal("INTERNAL", "Internal error", thrown);
        };
    }

    private static boolean isOurs(com.google.rpc.Status details) {
        return details.getDetailsList().stream()
                .anyMatch(any -> any.is(ErrorInfo.class)
                        && DOMAIN.equals(
                                ErrorDetails.unpack(any, ErrorInfo.class).getDomain()));
    }

    private static StatusRuntimeException internal(String reason, String message, Throwable cause) {
        return ours(Status.Code.INTERNAL, reason, message, cause);
    }

    /** What whoever runs this has to look into. */
    private static StatusRuntimeException ours(Status.Code code, String reason, String message, Throwable cause) {
        String traceId = Trace.current().traceId();
        LOG.error("reason={} trace_id={}", reason, traceId, loggable(cause));
        return status(code, reason, message, Map.of("trace_id", traceId), List.of());
    }

    private static StatusRuntimeException status(Status.Code code, Fault fault, List<Message> details) {
        return status(code, fault.reason(), fault.description(), fault.metadata(), details);
    }

    private static StatusRuntimeException status(
            Status.Code code, String reason, String message, Map<String, String> metadata, List<Message> details) {
        com.google.rpc.Status.Builder status =
                com.google.rpc.Status.newBuilder().setCode(code.value()).setMessage(message);
        List<Message> all = new ArrayList<>();
        all.add(ErrorInfo.newBuilder()
                .setReason(reason)
                .setDomain(DOMAIN)
                .putAllMetadata(metadata)
                .build());
        all.addAll(details);
        all.forEach(detail -> status.addDetails(Any.pack(detail)));
        return withPushback(status.build());
    }

    /** An overloaded service also tells gRPC's own retries when to come back (gRFC A6). */
    private static StatusRuntimeException withPushback(com.google.rpc.Status status) {
        StatusRuntimeException e = StatusProto.toStatusRuntimeException(status);
        Duration retryAfter = ErrorDetails.of(e).retryAfter();
        Metadata trailers = e.getTrailers();
        if (e.getStatus().getCode() == Status.Code.RESOURCE_EXHAUSTED && retryAfter != null && trailers != null) {
            trailers.put(PUSHBACK, String.valueOf(retryAfter.toMillis()));
        }
        return e;
    }

    private static BadRequest badRequest(List<Violation> violations) {
        BadRequest.Builder badRequest = BadRequest.newBuilder();
        violations.forEach(
                v -> badRequest.addFieldViolationsBuilder().setField(v.field()).setDescription(v.description()));
        return badRequest.build();
    }

    private static ResourceInfo resource(Fault.NotFound fault) {
        return ResourceInfo.newBuilder()
                .setResourceType(fault.resourceType())
                .setResourceName(fault.name())
                .setDescription(fault.description())
                .build();
    }

    private static RetryInfo retry(Duration after) {
        return RetryInfo.newBuilder()
                .setRetryDelay(com.google.protobuf.Duration.newBuilder()
                        .setSeconds(after.toSeconds())
                        .setNanos(after.toNanosPart()))
                .build();
    }

    private static QuotaFailure quota(Fault.Overloaded fault) {
        return QuotaFailure.newBuilder()
                .addViolations(QuotaFailure.Violation.newBuilder()
                        .setSubject(fault.subject())
                        .setDescription(fault.description()))
                .build();
    }

    private static String text(Status status) {
        String description = status.getDescription();
        return description == null ? "" : description;
    }

    /**
     * Who wraps a cause in {@link Fault.Internal} vouches for its words; those of any other exception may quote the
     * request.
     */
    private static Throwable loggable(Throwable thrown) {
        return thrown instanceof Fault.Internal || thrown instanceof Fault.DataLoss ? thrown : new Wordless(thrown);
    }

    private static Throwable unwrap(Throwable thrown) {
        Throwable cause = thrown.getCause();
        return cause != null && (thrown instanceof CompletionException || thrown instanceof ExecutionException)
                ? unwrap(cause)
                : thrown;
    }
}
