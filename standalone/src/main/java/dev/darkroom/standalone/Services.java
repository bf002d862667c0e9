// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import dev.darkroom.rpc.ServiceApplication;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The services in this JVM, on loopback, with a credential that only this JVM knows: nobody reaches a backend but through the gateway.
 * Thread-safe.
 */
public final class Services implements AutoCloseable {

    private static final String LOOPBACK = "127.0.0.1";
    private static final Duration MODELS_LOADED = Duration.ofMinutes(10);
    private static final int TOKEN_BYTES = 32;

    /** Where no service is: port 1 of this machine. */
    private static final String NOBODY = LOOPBACK + ":1";

    /** Jobs go when the services do. */
    private static final String NOT_KEPT = "";

    /** Front door first: closed in this order, work under way still finds what it needs. */
    private static final List<String> NAMES =
            List.of("gateway", ServeOptions.TEXT2IMAGE, ServeOptions.CAPTION, "safety-svc");

    private final String token = token();
    private final Map<String, ServiceApplication> running = new ConcurrentHashMap<>();

    private Services() {}

    /** Returns when all of them serve. Throws {@link IllegalStateException} when one cannot; none is left running then. */
    public static Services start(ServeOptions options) {
        return start(options, NOT_KEPT);
    }

    /**
     * As the other one, with jobs that outlive the services.
     *
     * @param data {@code darkroom.gateway.data}
     */
    static Services start(ServeOptions options, String data) {
        Services services = new Services();
        try {
            services.startAll(options, data);
            return services;
        } catch (CompletionException | IllegalStateException e) {
            services.close();
            throw new IllegalStateException("the services did not start: " + rootMessage(e), e);
        }
    }

    private void startAll(ServeOptions options, String data) {
        Map<String, Map<String, String>> backends = backends(options);
        List<CompletableFuture<Void>> starting = backends.entrySet().stream()
                .map(backend -> CompletableFuture.runAsync(
                        () -> start(backend.getKey(), 0, backend.getValue()), Services::onItsOwnThread))
                .toList();
        starting.forEach(CompletableFuture::join);
        start(
                "gateway",
                options.gatewayPort(),
                Map.of(
                        "darkroom.gateway.data", data,
                        "darkroom.upstreams.text2image.address", addressOr(ServeOptions.TEXT2IMAGE, NOBODY),
                        "darkroom.upstreams.safety.address", address("safety-svc"),
                        "darkroom.upstreams.caption.address", addressOr(ServeOptions.CAPTION, "")));
        running.values().forEach(service -> service.awaitReady(MODELS_LOADED));
    }

    private static void onItsOwnThread(Runnable work) {
        Thread.ofPlatform().start(work);
    }

    /** What is set of the services behind the gateway, by their names. */
    private static Map<String, Map<String, String>> backends(ServeOptions options) {
        String models = options.models().toString();
        Map<String, Map<String, String>> backends = new LinkedHashMap<>();
        backends.put("safety-svc", Map.of("darkroom.safety.output.models-directory", models));
        if (options.modelServices().contains(ServeOptions.CAPTION)) {
            backends.put(ServeOptions.CAPTION, Map.of("darkroom.caption.models-directory", models));
        }
        if (options.modelServices().contains(ServeOptions.TEXT2IMAGE)) {
            backends.put(
                    ServeOptions.TEXT2IMAGE,
                    Map.of(
                            "darkroom.text2image.models-directory",
                            models,
                            "darkroom.text2image.models",
                            String.join(",", options.denoisers()),
                            "darkroom.text2image.probe",
                            String.valueOf(options.probe())));
        }
        return backends;
    }

    private void start(String name, int port, Map<String, String> properties) {
        running.put(
                name,
                ServiceApplication.named(name)
                        .property("grpc.server.host", LOOPBACK)
                        .property("grpc.server.port", port)
                        .property("darkroom.backend-token", token)
                        .properties(properties)
                        .start());
    }

    /** Host and port that {@code GenerationService} answers on. */
    public String gatewayAddress() {
        return address("gateway");
    }

    /** Host and port of each service that runs, the gateway first. */
    Map<String, String> addresses() {
        Map<String, String> addresses = new LinkedHashMap<>();
        NAMES.stream().filter(running::containsKey).forEach(name -> addresses.put(name, address(name)));
        return addresses;
    }

    private String address(String name) {
        return LOOPBACK + ":" + Objects.requireNonNull(running.get(name), name).port();
    }

    private String addressOr(String name, String otherwise) {
        return running.containsKey(name) ? address(name) : otherwise;
    }

    /** Drains: the gateway first, which lets work under way finish. May be called again. */
    @Override
    public void close() {
        for (String name : NAMES) {
            ServiceApplication service = running.remove(name);
            if (service != null) {
                service.close();
            }
        }
    }

    private static String token() {
        byte[] token = new byte[TOKEN_BYTES];
        new SecureRandom().nextBytes(token);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(token);
    }

    private static String rootMessage(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return String.valueOf(root.getMessage());
    }
}
