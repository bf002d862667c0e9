// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.batch;

import dev.darkroom.gateway.batch.Value.Mapping;
import dev.darkroom.gateway.batch.Value.Nothing;
import dev.darkroom.gateway.batch.Value.Scalar;
import dev.darkroom.gateway.batch.Value.Sequence;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An entry whose fields may have several values each, and stands for every combination of them: the last field varies fastest.
 *
 * @param entry that it is
 * @param axes values of each field, at least one
 */
record Grid(Mapping entry, Map<String, List<Scalar>> axes) {
    private static final Pattern RANGE = Pattern.compile("(-?\\d{1,19})\\.\\.(-?\\d{1,19})");
    private static final int MAX_RANGE = 1_000_000;

    /**
     * Opens lists and ranges, and flattens mappings: {@code upscale: {model: x}} is {@code upscale.model: x}.
     *
     * @param isWhole whether {@code 1..8} is a range in the field of that name
     */
    static Grid of(Mapping entry, Map<String, Value> values, Predicate<String> isWhole, List<ManifestError> errors) {
        Map<String, List<Scalar>> axes = new LinkedHashMap<>();
        flatten("", values, axes, isWhole, errors);
        return new Grid(entry, axes);
    }

    private static void flatten(
            String prefix,
            Map<String, Value> values,
            Map<String, List<Scalar>> axes,
            Predicate<String> isWhole,
            List<ManifestError> errors) {
        values.forEach((key, value) -> {
            String field = prefix + key;
            switch (value) {
                case Nothing _ -> {}
                case Scalar scalar -> axes.put(field, range(field, scalar, isWhole, errors));
                case Mapping mapping -> flatten(field + ".", mapping.values(), axes, isWhole, errors);
                case Sequence sequence -> axes.put(field, list(field, sequence, isWhole, errors));
            }
        });
    }

    private static List<Scalar> list(
            String field, Sequence sequence, Predicate<String> isWhole, List<ManifestError> errors) {
        List<Scalar> all = new ArrayList<>();
        for (Value value : sequence.values()) {
            if (value instanceof Scalar scalar) {
                all.addAll(range(field, scalar, isWhole, errors));
            } else {
                errors.add(new ManifestError(value.line(), value.column(), field, "must be a list of plain values"));
            }
        }
        if (sequence.values().isEmpty()) {
            errors.add(new ManifestError(sequence.line(), sequence.column(), field, "must not be an empty list"));
        }
        return all;
    }

    private static List<Scalar> range(
            String field, Scalar scalar, Predicate<String> isWhole, List<ManifestError> errors) {
        Matcher range = RANGE.matcher(scalar.text().strip());
        if (!range.matches() || !isWhole.test(field)) {
            return List.of(scalar);
        }
        BigInteger first = new BigInteger(range.group(1));
        BigInteger last = new BigInteger(range.group(2));
        BigInteger count = last.subtract(first).add(BigInteger.ONE);
        if (count.signum() <= 0 || count.compareTo(BigInteger.valueOf(MAX_RANGE)) > 0) {
            errors.add(new ManifestError(
                    scalar.line(),
                    scalar.column(),
                    field,
                    "must be a range from a lower to a higher number, of at most " + MAX_RANGE + ", but was "
                            + scalar.text()));
            return List.of();
        }
        List<Scalar> all = new ArrayList<>(count.intValue());
        for (int i = 0; i < count.intValue(); i++) {
            String text = first.add(BigInteger.valueOf(i)).toString();
            all.add(new Scalar(scalar.line(), scalar.column(), text, false));
        }
        return all;
    }

    /** How many combinations there are; at most a little more than {@code atMost}. */
    long size(long atMost) {
        long size = 1;
        for (List<Scalar> axis : axes.values()) {
            size *= Math.max(1, axis.size());
            if (size > atMost) {
                return size;
            }
        }
        return size;
    }

    /** The combination of that number, from 0. */
    Map<String, Scalar> get(long number) {
        Map<String, Scalar> combination = new LinkedHashMap<>();
        List<String> fields = new ArrayList<>(axes.keySet());
        long rest = number;
        for (String field : fields.reversed()) {
            List<Scalar> axis = axes.getOrDefault(field, List.of());
            if (!axis.isEmpty()) {
                combination.put(field, axis.get((int) (rest % axis.size())));
                rest /= axis.size();
            }
        }
        return combination;
    }
}
