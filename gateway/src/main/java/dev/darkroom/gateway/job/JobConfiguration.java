// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.job;

import io.micronaut.context.annotation.ConfigurationProperties;
import io.micronaut.core.bind.annotation.Bindable;
import java.time.Duration;

/**
 * How jobs run: {@code darkroom.gateway.jobs}.
 *
 * @param concurrency jobs that this gateway runs at a time
 * @param window jobs of one tenant that are handed to the engine, running ones included; the others wait in the tenant's own line
 * @param maxWaiting jobs of one tenant that may wait
 * @param lease time without a heartbeat after which a gateway counts as lost and its jobs are taken up by another; at least 4 s
 * @param poll pause between looks for jobs that other gateways stored
 * @param attemptTimeout the longest that one attempt may take
 * @param stallTimeout the longest that a worker may tell nothing while it works, before it counts as lost
 * @param checkpointInterval steps after which a worker says where its pictures stand, from where another one goes on; 0: never
 * @param drainTimeout time that running jobs get at shutdown before they are handed over
 * @param defaultTtl time that a job and its results are kept after the end
 * @param maxTtl the longest that a caller may ask for
 */
@ConfigurationProperties("darkroom.gateway.jobs")
record JobConfiguration(
        @Bindable(defaultValue = "8") int concurrency,
        @Bindable(defaultValue = "16") int window,
        @Bindable(defaultValue = "10000") int maxWaiting,
        @Bindable(defaultValue = "20s") Duration lease,
        @Bindable(defaultValue = "1s") Duration poll,
        @Bindable(defaultValue = "1h") Duration attemptTimeout,
        @Bindable(defaultValue = "5m") Duration stallTimeout,
        @Bindable(defaultValue = "10") int checkpointInterval,
        @Bindable(defaultValue = "20s") Duration drainTimeout,
        @Bindable(defaultValue = "7d") Duration defaultTtl,
        @Bindable(defaultValue = "30d") Duration maxTtl) {}
