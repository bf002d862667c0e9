// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.safety;

import dev.darkroom.rpc.Preparation;
import dev.darkroom.safety.policy.Policies;
import dev.darkroom.safety.policy.PolicyException;
import io.micronaut.context.annotation.Bean;
import io.micronaut.context.annotation.Factory;
import io.micronaut.context.exceptions.ConfigurationException;
import jakarta.inject.Singleton;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Reads the policies before the service serves, on the thread of preparations: other services that start in the same JVM do not wait for it. A policy
 * that does not fit keeps the service from serving and ends its process.
 */
@Factory
final class PolicyLoading {

    /** The policies, once they are read; an endpoint is not called before. */
    @Singleton
    CompletableFuture<Policies> policies() {
        return new CompletableFuture<>();
    }

    @Bean
    @Singleton
    Preparation preparation(SafetyConfiguration configuration, CompletableFuture<Policies> policies) {
        return () -> {
            Policies read = read(configuration.policiesDirectory());
            PromptCheck.check(List.of(read.byDefault()), "a fox in the sn0w", ""); // loads classes and tables
            policies.complete(read);
        };
    }

    private static Policies read(String directory) {
        try {
            return new Policies(directory.isBlank() ? null : Path.of(directory));
        } catch (PolicyException e) {
            throw new ConfigurationException(e.getMessage(), e);
        }
    }
}
