// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import io.grpc.Context;
import io.grpc.Metadata;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One request through all services, in the form of W3C Trace Context level 1.
 *
 * @param traceId 32 lower-case hexadecimal digits, not all zero; the same in every service
 * @param parentId 16 lower-case hexadecimal digits, not all zero; one per hop
 * @param flags 2 lower-case hexadecimal digits
 */
public record Trace(String traceId, String parentId, String flags) {

    /** Key of the trace id in log lines. */
    public static final String MDC_KEY = "trace_id";

    /** Header and trailer in which the caller gets the trace id back. */
    public static final Metadata.Key<String> TRACE_ID = Metadata.Key.of("x-trace-id", Metadata.ASCII_STRING_MARSHALLER);

    static final Metadata.Key<String> TRACEPARENT = Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER);

    static final Context.Key<Trace> KEY = Context.key("darkroom-trace");

    private static final Pattern FORMAT =
            Pattern.compile("(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?");

    /** The trace of the request that this thread works for, or a fresh one. */
    public static Trace current() {
        Trace trace = KEY.get();
        return trace == null ? fresh() : trace;
    }

    /** A new trace with random ids, not sampled. */
    public static Trace fresh() {
        return new Trace(randomHex() + randomHex(), randomHex(), "00");
    }

    /** Reads a {@code traceparent} header; a missing or malformed one begins a new trace, as the standard asks. */
    static Trace parse(@Nullable String traceparent) {
        Matcher matcher = FORMAT.matcher(traceparent == null ? "" : traceparent);
        return matcher.matches() ? new Trace(matcher.group(1), matcher.group(2), matcher.group(3)) : fresh();
    }

    /** The same trace, one hop further. */
    Trace child() {
        return new Trace(traceId, randomHex(), flags);
    }

    /** The header of this hop. */
    public String traceparent() {
        return "00-" + traceId + "-" + parentId + "-" + flags;
    }

    private static String randomHex() {
        return HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong(1, Long.MAX_VALUE));
    }
}
