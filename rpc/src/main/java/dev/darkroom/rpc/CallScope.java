// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import io.grpc.Context;
import io.grpc.Status;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * One call from its start until both the call and the threads that work for it have ended: then it is logged and its
 * work no longer in flight.
 */
final class CallScope {

    static final Context.Key<CallScope> KEY = Context.key("darkroom-call");

    private static final Logger LOG = LoggerFactory.getLogger("dev.darkroom.request");

    private final String method;
    private final Trace trace;
    private final InFlight inFlight;
    private final long startNanos = System.nanoTime();
    private final AtomicInteger holders = new AtomicInteger(1);
    private final Map<String, String> fields = new TreeMap<>();
    private volatile Status.Code code = Status.Code.CANCELLED;

    CallScope(String method, Trace trace, InFlight inFlight) {
        this.method = method;
        this.trace = trace;
        this.inFlight = inFlight;
        inFlight.started();
    }

    void put(String key, String value) {
        synchronized (fields) {
            fields.put(key, value);
        }
    }

    void closedWith(Status.Code closed) {
        code = closed;
    }

    void hold() {
        holders.incrementAndGet();
    }

    void release() {
        if (holders.decrementAndGet() == 0) {
            log();
            inFlight.ended();
        }
    }

    private void log() {
        StringBuilder line =
                new StringBuilder("method=").append(method).append(" code=").append(code);
        line.append(" latency_ms=").append(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos));
        synchronized (fields) {
            fields.forEach(
                    (key, value) -> line.append(' ').append(key).append('=').append(quoted(value)));
        }
        try (MDC.MDCCloseable _ = MDC.putCloseable(Trace.MDC_KEY, trace.traceId())) {
            LOG.info("{}", line);
        }
    }

    private static String quoted(String value) {
        return value.matches("[^\\s\"=]+") ? value : '"' + value.replace("\"", "\\\"") + '"';
    }
}
