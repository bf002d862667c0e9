// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.safety;

import io.micronaut.context.annotation.ConfigurationProperties;
import io.micronaut.core.bind.annotation.Bindable;

/**
 * The keys of safety-svc; {@code application.yml} describes them.
 *
 * @param policiesDirectory where policy files lie; empty for none
 */
@ConfigurationProperties("darkroom.safety")
record SafetyConfiguration(@Bindable(defaultValue = "") String policiesDirectory) {}
