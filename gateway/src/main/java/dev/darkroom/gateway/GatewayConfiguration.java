// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import io.micronaut.context.annotation.ConfigurationProperties;
import io.micronaut.core.bind.annotation.Bindable;

/**
 * What the gateway lets out.
 *
 * @param deliverUnchecked whether pictures are delivered, with the verdict {@code OUTPUT_VERDICT_UNCHECKED}, where the safety service
 *     has no model that looks at them; if not, such requests fail
 * @param videoCheckInterval every how many frames of a clip one is looked at
 */
@ConfigurationProperties("darkroom.gateway")
record GatewayConfiguration(
        @Bindable(defaultValue = "false") boolean deliverUnchecked,
        @Bindable(defaultValue = "4") int videoCheckInterval) {
    GatewayConfiguration {
        if (videoCheckInterval < 1) {
            throw new IllegalArgumentException(
                    "darkroom.gateway.video-check-interval must be at least 1, but was " + videoCheckInterval);
        }
    }
}
