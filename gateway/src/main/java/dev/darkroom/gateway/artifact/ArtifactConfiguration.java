// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.artifact;

import io.micronaut.context.annotation.ConfigurationProperties;
import io.micronaut.core.bind.annotation.Bindable;
import java.time.Duration;

/**
 * How large artifacts may be, and how long they are kept.
 *
 * @param defaultTtl how long an upload is kept that does not say
 * @param maxTtl the longest that an upload may ask for
 * @param maxUploadBytes size of the largest upload
 * @param sweepInterval pause between two rounds of deleting what expired
 */
@ConfigurationProperties("darkroom.gateway.artifacts")
public record ArtifactConfiguration(
        @Bindable(defaultValue = "7d") Duration defaultTtl,
        @Bindable(defaultValue = "30d") Duration maxTtl,
        @Bindable(defaultValue = "1073741824") long maxUploadBytes,
        @Bindable(defaultValue = "1m") Duration sweepInterval) {

    static ArtifactConfiguration defaults() {
        return new ArtifactConfiguration(Duration.ofDays(7), Duration.ofDays(30), 1L << 30, Duration.ofMinutes(1));
    }
}
