// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Options that a user may leave out: the field of the request then stays unset. */
final class Given {
    private Given() {}

    static <T> void use(@Nullable T value, Consumer<T> setter) {
        if (value != null) {
            setter.accept(value);
        }
    }
}
