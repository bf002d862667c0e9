// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.darkroom.evaluation.feature.Features;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** golden-metrics.json, which says how its values were computed, and the generators that it describes. */
public final class Golden {
    private static final JsonNode ROOT = read();

    private Golden() {}

    private static JsonNode read() {
        try {
            return new JsonMapper()
                    .readTree(Path.of("src/test/resources/golden-metrics.json").toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns a part, by the names of the fields that lead to it. */
    public static JsonNode at(String... path) {
        JsonNode node = ROOT;
        for (String field : path) {
            node = node.required(field);
        }
        return node;
    }

    public static Stream<JsonNode> elements(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false);
    }

    public static double[] numbers(JsonNode array) {
        return elements(array).mapToDouble(JsonNode::doubleValue).toArray();
    }

    public static int[] integers(JsonNode array) {
        return elements(array).mapToInt(JsonNode::intValue).toArray();
    }

    public static List<String> texts(JsonNode array) {
        return elements(array).map(JsonNode::textValue).toList();
    }

    /** Rebuilds a matrix from its formula. */
    public static Features features(JsonNode formula) {
        return Features.of(rows(formula));
    }

    public static List<double[]> rows(JsonNode formula) {
        int columns = formula.required("cols").intValue();
        Cell cell = cell(formula);
        double added = formula.path("then_add").asDouble(0);
        List<double[]> rows = new ArrayList<>();
        for (int i = 0; i < formula.required("rows").intValue(); i++) {
            double[] row = new double[columns];
            for (int j = 0; j < columns; j++) {
                row[j] = cell.at(i, j) + added;
            }
            rows.add(row);
        }
        return rows;
    }

    private interface Cell {
        double at(int i, int j);
    }

    private static Cell cell(JsonNode formula) {
        return switch (formula.required("gen").textValue()) {
            case "lcg" ->
                lcg(
                        formula.required("seed").longValue(),
                        formula.required("scale").doubleValue(),
                        formula.required("shift").doubleValue());
            case "sin" -> sin(numbers(formula.required("p")));
            case "constant" -> constant(formula.required("value").doubleValue());
            case "logits-sin" -> (i, j) -> 4 * Math.sin(0.7 * (i + 1) * (j + 1) + 0.3 * (j + 1));
            case "zeros" -> constant(0);
            case "onehot" -> {
                int columns = formula.required("cols").intValue();
                double value = formula.required("value").doubleValue();
                yield (i, j) -> i % columns == j ? value : 0;
            }
            default -> throw new IllegalArgumentException(formula.toString());
        };
    }

    private static Cell constant(double value) {
        return (_, _) -> value;
    }

    private static Cell lcg(long seed, double scale, double shift) {
        long[] state = {seed};
        return (_, _) -> {
            state[0] = (1664525 * state[0] + 1013904223) & 0xffffffffL;
            return state[0] / 0x1p32 * scale + shift;
        };
    }

    private static Cell sin(double... p) {
        return (i, j) -> Math.sin(p[0] * (i + 1) * (j + 1) + p[1] * (j + 1))
                + p[2] * Math.cos(p[3] * (i + 1) + p[4] * (j + 1) * (j + 1))
                + p[5];
    }

    /** Returns seeded numbers of a shape that no case of the file has. */
    public static List<double[]> lcgRows(long seed, int rows, int columns) {
        Cell cell = lcg(seed, 2, -1);
        return IntStream.range(0, rows)
                .mapToObj(i -> {
                    double[] row = new double[columns];
                    Arrays.setAll(row, j -> cell.at(i, j));
                    return row;
                })
                .toList();
    }
}
