// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import io.micronaut.context.annotation.ConfigurationProperties;
import io.micronaut.core.bind.annotation.Bindable;
import java.time.Duration;

/**
 * What a service does with calls.
 *
 * @param callers who may call
 * @param defaultDeadline given to a call that brought none
 * @param maxDeadline longest time that a call may take, whatever it asked for
 * @param deadlineMargin taken off the remaining time at each hop, so that the caller hears of it before its own
 *     deadline
 * @param maxInboundMessageSize largest request, in bytes; gRPC answers larger ones with RESOURCE_EXHAUSTED
 * @param maxInboundMetadataSize largest request header, in bytes
 * @param drainTimeout time that calls in flight get at shutdown before they are cancelled
 * @param loadingRetryAfter what a caller is told to wait while the service still prepares itself
 */
@ConfigurationProperties("darkroom.rpc")
public record RpcConfiguration(
        @Bindable(defaultValue = "GATEWAY") Callers callers,
        @Bindable(defaultValue = "10m") Duration defaultDeadline,
        @Bindable(defaultValue = "1h") Duration maxDeadline,
        @Bindable(defaultValue = "200ms") Duration deadlineMargin,
        @Bindable(defaultValue = "4194304") int maxInboundMessageSize,
        @Bindable(defaultValue = "16384") int maxInboundMetadataSize,
        @Bindable(defaultValue = "30s") Duration drainTimeout,
        @Bindable(defaultValue = "2s") Duration loadingRetryAfter) {

    /** Who may call a service. */
    public enum Callers {
        /** Only who has the backend token; without a token, only this machine. */
        GATEWAY,
        /** Everybody: for the gateway itself. */
        ANYONE
    }
}
