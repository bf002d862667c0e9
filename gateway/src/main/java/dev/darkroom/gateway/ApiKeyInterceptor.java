// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.rpc.Fault;
import dev.darkroom.rpc.RequestLog;
import dev.darkroom.rpc.ServerChain;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.micronaut.context.env.Environment;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Turns away callers without a configured API key ({@code authorization: Bearer KEY}). Where none is configured everybody may call;
 * health and reflection are always open.
 */
@Singleton
final class ApiKeyInterceptor implements ServerInterceptor {
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    private static final String SCHEME = "Bearer ";
    private static final Context.Key<Known> CALLER = Context.key("darkroom-api-key");

    private final List<Known> keys;

    /** What is known of one key. */
    private record Known(String name, String sha256, String safetyPolicy) {}

    ApiKeyInterceptor(Environment environment) {
        this.keys = ApiKey.all(environment.getProperties(ApiKey.PREFIX)).stream()
                .map(key -> new Known(key.name(), key.digest(), key.safetyPolicy()))
                .toList();
    }

    /** The safety policy of the key that this thread's call was made with; empty where there is none. */
    static String policyOfCaller() {
        Known caller = CALLER.get();
        return caller == null ? "" : caller.safetyPolicy();
    }

    /** The name of the key that this thread's call was made with. */
    static Optional<String> nameOfCaller() {
        return Optional.ofNullable(CALLER.get()).map(Known::name);
    }

    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
        if (keys.isEmpty() || ServerChain.isPlumbing(call.getMethodDescriptor().getFullMethodName())) {
            return next.startCall(call, headers);
        }
        Known caller = find(headers.get(AUTHORIZATION));
        if (caller == null) {
            throw new Fault.Unauthenticated(
                    "API_KEY_INVALID", "This gateway asks for a valid API key in the header authorization: Bearer KEY");
        }
        RequestLog.put("api_key", caller.name());
        return Contexts.interceptCall(Context.current().withValue(CALLER, caller), call, headers, next);
    }

    /** Compares digests, each in constant time and all of them, so that the time tells nothing of any key. */
    private @Nullable Known find(@Nullable String authorization) {
        if (authorization == null || !authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
            return null;
        }
        byte[] shown =
                ascii(ApiKey.sha256Of(authorization.substring(SCHEME.length()).strip()));
        Known found = null;
        for (Known key : keys) {
            if (MessageDigest.isEqual(ascii(key.sha256()), shown)) {
                found = key;
            }
        }
        return found;
    }

    private static byte[] ascii(String hexadecimal) {
        return hexadecimal.getBytes(StandardCharsets.US_ASCII);
    }
}
