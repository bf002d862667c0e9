// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.darkroom.evaluation.Bootstrap;
import dev.darkroom.evaluation.PairedComparison;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/**
 * Two results side by side, for the items that both have. A result is a JSON object whose {@code items} go from an item to its values by
 * metric; a value is a number, or true or false.
 *
 * @param leftOut items that only one of them has
 */
record ResultComparison(Path first, Path second, List<PairedComparison> metrics, int leftOut) implements Report {
    private static final int RESAMPLES = 2000;

    private record Values(List<Double> first, List<Double> second) {}

    static ResultComparison read(Path first, Path second) throws IOException {
        JsonNode items1 = items(first);
        JsonNode items2 = items(second);
        Map<String, Values> values = new LinkedHashMap<>();
        int common = 0;
        for (var item : items1.properties()) {
            JsonNode other = items2.path(item.getKey());
            common += other.isObject() ? 1 : 0;
            item.getValue().properties().forEach(it -> collect(it.getKey(), it.getValue(), other, values));
        }
        List<PairedComparison> metrics = new ArrayList<>();
        Bootstrap bootstrap = new Bootstrap(RESAMPLES, BootstrapOption.LEVEL, 0);
        values.forEach((metric, pair) -> metrics.add(PairedComparison.of(metric, pair.first, pair.second, bootstrap)));
        if (metrics.isEmpty()) {
            throw new IllegalArgumentException(
                    first + " and " + second
                            + " have no item in common: compare results for the same pictures, such as those of 'darkroom evaluate captions --json'");
        }
        return new ResultComparison(first, second, metrics, items1.size() + items2.size() - 2 * common);
    }

    private static void collect(String metric, JsonNode value, JsonNode other, Map<String, Values> values) {
        JsonNode otherValue = other.path(metric);
        if (isValue(value) && isValue(otherValue)) {
            Values pair = Objects.requireNonNull(
                    values.computeIfAbsent(metric, _ -> new Values(new ArrayList<>(), new ArrayList<>())));
            pair.first.add(value(value));
            pair.second.add(value(otherValue));
        }
    }

    private static boolean isValue(JsonNode value) {
        return value.isNumber() || value.isBoolean();
    }

    private static double value(JsonNode value) {
        return value.isBoolean() ? (value.booleanValue() ? 1 : 0) : value.doubleValue();
    }

    private static JsonNode items(Path file) throws IOException {
        PictureInput.requireFile(file);
        try {
            JsonNode items = new JsonMapper().readTree(Files.readAllBytes(file)).path("items");
            if (items.isEmpty()) {
                throw new IllegalArgumentException(
                        file
                                + " has no values for single items: compare results of commands that judge each item, such as captions");
            }
            return items;
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(file + " is no result of 'darkroom evaluate ... --json'", e);
        }
    }

    @Override
    public String text() {
        StringBuilder text = new StringBuilder();
        text.append(String.format("a  %s%nb  %s%n", first, second));
        if (leftOut > 0) {
            text.append("note: ").append(leftOut).append(" items that only one of them has are left out\n");
        }
        text.append(String.format("%-10s %-10s %-10s %-12s %s%n", "", "a", "b", "b - a", "95 % interval"));
        for (PairedComparison metric : metrics) {
            text.append(String.format(
                    Locale.ROOT,
                    "%-10s %-10.4f %-10.4f %-+12.4f [%+.4f, %+.4f]  %s%n",
                    metric.metric(),
                    metric.first(),
                    metric.second(),
                    metric.difference(),
                    metric.interval().low(),
                    metric.interval().high(),
                    verdict(metric)));
        }
        return text.toString();
    }

    private static String verdict(PairedComparison metric) {
        String verdict = metric.isSignificant() ? "differs" : "no difference shown";
        return metric.mcNemar() == null
                ? verdict
                : String.format(
                        Locale.ROOT,
                        "%s, McNemar p = %.4f",
                        verdict,
                        metric.mcNemar().pValue());
    }

    @Override
    public String json() {
        ObjectNode report = Json.object();
        report.put("a", first.toString()).put("b", second.toString()).put("items_left_out", leftOut);
        ObjectNode values = report.putObject("metrics");
        for (PairedComparison metric : metrics) {
            ObjectNode value = values.putObject(metric.metric());
            value.put("items", metric.items())
                    .put("a", metric.first())
                    .put("b", metric.second())
                    .put("difference", metric.difference())
                    .put("significant", metric.isSignificant());
            value.putObject("interval")
                    .put("low", metric.interval().low())
                    .put("high", metric.interval().high())
                    .put("level", metric.interval().level());
            if (metric.mcNemar() != null) {
                value.put("mcnemar_p", metric.mcNemar().pValue());
            }
        }
        return report.toPrettyString();
    }
}
