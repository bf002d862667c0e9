// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
/**
 * gRPC server behaviour that every service shares: faults, streams, admission, readiness, credentials, deadlines,
 * traces.
 */
@NullMarked
package dev.darkroom.rpc;

import org.jspecify.annotations.NullMarked;
