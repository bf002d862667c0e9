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
 */
@ConfigurationProperties("darkroom.gateway")
record GatewayConfiguration(
        @Bindable(defaultValue = "false") boolean deliverUnchecked) {}
