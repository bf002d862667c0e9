// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.batch;

import java.util.List;
import java.util.Map;

/** A value of a manifest, and where it stands. Mappings keep the order of their keys. */
sealed interface Value {
    int line();

    int column();

    /** A word, a number or a truth, as it is written; {@code isText} where the format says that it is text. */
    record Scalar(int line, int column, String text, boolean isText) implements Value {}

    record Sequence(int line, int column, List<Value> values) implements Value {}

    record Mapping(int line, int column, Map<String, Value> values) implements Value {}

    /** {@code null}: as if it were not there. */
    record Nothing(int line, int column) implements Value {}
}
