// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.ResourceInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a failed call said, as a caller reads it.
 *
 * @param reason of the {@code ErrorInfo}, empty where there was none
 * @param domain of the {@code ErrorInfo}, empty where there was none
 * @param violations all fields of the {@code BadRequest}
 * @param resource name in the {@code ResourceInfo}, empty where there was none
 * @param retryAfter of the {@code RetryInfo}, null where there was none
 */
public record ErrorDetails(
        Status.Code code,
        String message,
        String reason,
        String domain,
        Map<String, String> metadata,
        List<Violation> violations,
        String resource,
        @Nullable Duration retryAfter) {

    /** Reads a {@code StatusRuntimeException} or {@code StatusException}; anything else is UNKNOWN. */
    public static ErrorDetails of(Throwable thrown) {
        com.google.rpc.Status status = StatusProto.fromThrowable(thrown);
        return read(
                status == null
                        ? com.google.rpc.Status.newBuilder()
                                .setCode(Status.Code.UNKNOWN.value())
                                .build()
                        : status);
    }

    private static ErrorDetails read(com.google.rpc.Status status) {
        ErrorInfo info = find(status, ErrorInfo.class, ErrorInfo.getDefaultInstance());
        BadRequest badRequest = find(status, BadRequest.class, BadRequest.getDefaultInstance());
        RetryInfo retry = find(status, RetryInfo.class, RetryInfo.getDefaultInstance());
        return new ErrorDetails(
                Status.fromCodeValue(status.getCode()).getCode(),
                status.getMessage(),
                info.getReason(),
                info.getDomain(),
                info.getMetadataMap(),
                badRequest.getFieldViolationsList().stream()
                        .map(v -> new Violation(v.getField(), v.getDescription()))
                        .toList(),
                find(status, ResourceInfo.class, ResourceInfo.getDefaultInstance())
                        .getResourceName(),
                retry.hasRetryDelay()
                        ? Duration.ofSeconds(
                                retry.getRetryDelay().getSeconds(),
                                retry.getRetryDelay().getNanos())
                        : null);
    }

    private static <T extends Message> T find(com.google.rpc.Status status, Class<T> type, T absent) {
        return status.getDetailsList().stream()
                .filter(any -> any.is(type))
                .findFirst()
                .map(any -> unpack(any, type))
                .orElse(absent);
    }

    static <T extends Message> T unpack(Any any, Class<T> type) {
        try {
            return any.unpack(type);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException("Malformed " + any.getTypeUrl(), e);
        }
    }
}
