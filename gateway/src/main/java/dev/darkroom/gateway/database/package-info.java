// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
/** What a gateway remembers across restarts: the folder that is its own, and the database. */
@NullMarked
package dev.darkroom.gateway.database;

import org.jspecify.annotations.NullMarked;
