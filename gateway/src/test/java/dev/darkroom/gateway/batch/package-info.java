// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
@NullMarked
package dev.darkroom.gateway.batch;

import org.jspecify.annotations.NullMarked;
