// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import io.micronaut.context.ApplicationContext;
import io.micronaut.context.ApplicationContextBuilder;
import io.micronaut.context.exceptions.ConfigurationException;
import io.micronaut.grpc.server.GrpcEmbeddedServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One running service: its own Micronaut context, configured by {@code NAME/application.yml} on the classpath, then
 * environment variables, then properties given here. Several may run in
 * one JVM; each sees only the beans of packages that are annotated with {@code @Requires(property =
 * "micronaut.application.name", value = NAME)}, and those of this package.
 */
public final class ServiceApplication implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ServiceApplication.class);

    private final ApplicationContext context;
    private final GrpcEmbeddedServer server;

    private ServiceApplication(ApplicationContext context) {
        this.context = context;
        this.server = context.getBean(GrpcEmbeddedServer.class);
    }

    /** Prepares the start of the service with that name, the artifact's. */
    public static Builder named(String name) {
        return new Builder(name);
    }

    /**
     * Runs a service until the JVM is told to end, and drains it then: the whole main method. Exits with 1 when it
     * cannot be prepared.
     */
    public static void main(String name, String... arguments) {
        try {
            ServiceApplication application = named(name).arguments(arguments).start();
            Runtime.getRuntime().addShutdownHook(new Thread(application::close, "shutdown"));
            LOG.info("event=listening service={} port={}", name, application.port());
            if (!application.context.getBean(Readiness.class).await()) {
                System.exit(1);
            }
            application.server.getServer().awaitTermination();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            logStartFailure(name, e);
            System.exit(1);
        }
    }

    /** A mistake in the configuration is told in its own words, anything else with everything that is known. */
    private static void logStartFailure(String name, Throwable thrown) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof ConfigurationException) {
                LOG.error("event=start_failed service={} message=\"{}\"", name, cause.getMessage());
                return;
            }
        }
        LOG.error("event=start_failed service={}", name, thrown);
    }

    /** The port that it listens on, also when 0 (any free one) was configured. */
    public int port() {
        return server.getPort();
    }

    /** Its beans. */
    public ApplicationContext context() {
        return context;
    }

    /** Waits until it serves; throws {@link IllegalStateException} when it cannot be prepared or the time is over. */
    public void awaitReady(Duration atMost) {
        context.getBean(Readiness.class).await(atMost);
    }

    /** Drains (health first, then calls in flight) and stops. Blocks until done; may be called again. */
    @Override
    public void close() {
        server.stop();
        context.close();
    }

    /** How a service is started. Not thread-safe. */
    public static final class Builder {
        private final String name;
        private final Map<String, Object> properties = new HashMap<>();
        private String[] arguments = {};
        private final List<Object> singletons = new ArrayList<>();

        private Builder(String name) {
            this.name = name;
        }

        /** Overrides one key of the configuration. */
        public Builder property(String key, Object value) {
            properties.put(key, value);
            return this;
        }

        /** Overrides keys of the configuration. */
        public Builder properties(Map<String, ?> overrides) {
            properties.putAll(overrides);
            return this;
        }

        /** Overrides keys of the configuration with {@code --key=value}. */
        public Builder arguments(String... commandLine) {
            this.arguments = commandLine.clone();
            return this;
        }

        /** Adds ready-made beans, for instance a {@link Preparation}. */
        public Builder singletons(Object... beans) {
            singletons.addAll(List.of(beans));
            return this;
        }

        /** Opens the port and begins the preparations; does not wait for them. */
        public ServiceApplication start() {
            properties.put("micronaut.application.name", name);
            ApplicationContextBuilder builder = ApplicationContext.builder()
                    .overrideConfigLocations("classpath:" + name + "/")
                    .deduceEnvironment(false)
                    .banner(false)
                    .properties(properties)
                    .args(arguments)
                    .singletons(singletons.toArray());
            ServiceApplication application = new ServiceApplication(builder.start());
            application.server.start();
            return application;
        }
    }
}
