// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.darkroom.evaluation.Interval;
import dev.darkroom.evaluation.caption.CaptionScores;
import dev.darkroom.evaluation.caption.Meteor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Values with what one must know to compare them with others.
 *
 * @param about what was measured, by name
 * @param items the values of each item, by metric; empty where a metric has none
 */
record EvaluationReport(
        List<Metric> metrics, Map<String, String> about, Map<String, Map<String, Double>> items, List<String> warnings)
        implements Report {

    /**
     * One value.
     *
     * @param variant whose convention it follows
     */
    record Metric(
            String name,
            String variant,
            double value,
            @Nullable Interval interval) {}

    private static final Map<String, String> CAPTION_VARIANTS = Map.of(
            "bleu_1", "coco-caption, corpus, closest reference length",
            "bleu_2", "coco-caption, corpus, closest reference length",
            "bleu_3", "coco-caption, corpus, closest reference length",
            "bleu_4", "coco-caption, corpus, closest reference length",
            "rouge_l", "coco-caption, beta 1.2",
            "cider_d", "what pycocoevalcap calls CIDEr; rarity from these references",
            "cider", "the paper's first form; rarity from these references",
            "meteor", Meteor.VARIANT);

    static EvaluationReport of(ComparedPictures.Seen seen) {
        Map<String, String> about = new LinkedHashMap<>();
        about.put("real", describe(seen.real()));
        about.put("fake", describe(seen.fake()));
        about.put("features", seen.network() + ", " + seen.fake().statistics().width() + " numbers a picture");
        about.put("preprocessing", seen.preprocessing());
        about.put("version", version());
        return new EvaluationReport(List.of(), about, Map.of(), List.of());
    }

    static EvaluationReport of(JudgedPictures.Seen seen) {
        Map<String, String> about = new LinkedHashMap<>();
        about.put(
                "fake",
                "%s, %d pictures (%s)"
                        .formatted(
                                seen.pictures().folder(),
                                seen.logits().count(),
                                formats(seen.pictures().formats())));
        about.put("features", seen.network() + ", " + seen.logits().width() + " classes");
        about.put("preprocessing", seen.preprocessing());
        about.put("version", version());
        return new EvaluationReport(List.of(), about, Map.of(), List.of());
    }

    static EvaluationReport of(ComparedClips.Seen seen) {
        Map<String, String> about = new LinkedHashMap<>();
        about.put("real", describe(seen.realClips().folder(), seen.real().count(), seen.frames()));
        about.put("fake", describe(seen.fakeClips().folder(), seen.fake().count(), seen.frames()));
        about.put("features", seen.network() + ", " + seen.fake().width() + " numbers a clip");
        about.put("preprocessing", seen.preprocessing());
        about.put("version", version());
        return new EvaluationReport(List.of(), about, Map.of(), List.of());
    }

    private static String describe(Path folder, int clips, int frames) {
        return "%s, %d clips, %s frames of each".formatted(folder, clips, frames == 0 ? "all" : "the first " + frames);
    }

    private static String describe(ComparedPictures.Set set) {
        String detail = set.isSaved() ? "saved statistics" : formats(set.formats());
        return "%s, %d pictures (%s)".formatted(set.from(), set.count(), detail);
    }

    private static String formats(Map<String, Long> formats) {
        return formats.entrySet().stream()
                .map(it -> it.getValue() + " " + it.getKey())
                .collect(Collectors.joining(", "));
    }

    private static String version() {
        return String.join(" ", new Darkroom.Version().getVersion());
    }

    static EvaluationReport of(CaptionScores scores, BootstrapOption bootstrap) {
        Map<String, Interval> intervals = new LinkedHashMap<>();
        if (scores.corpus().size() > 1 && bootstrap.isWanted()) {
            intervals.putAll(scores.intervals(bootstrap.bootstrap()));
        }
        List<Metric> metrics = new ArrayList<>();
        scores.scores()
                .forEach((name, value) -> metrics.add(
                        new Metric(name, CAPTION_VARIANTS.getOrDefault(name, ""), value, intervals.get(name))));
        Map<String, String> about = new LinkedHashMap<>();
        about.put("captions", Integer.toString(scores.corpus().size()));
        about.put("tokens", "Penn Treebank, lower case, without punctuation");
        about.put("version", version());
        Map<String, Map<String, Double>> items = new LinkedHashMap<>();
        for (int i = 0; i < scores.corpus().size(); i++) {
            items.put(scores.corpus().get(i).id(), scores.scores(i));
        }
        List<String> warnings = scores.corpus().size() == 1
                ? List.of("one picture alone has no rare words: its CIDEr is 0")
                : List.of();
        return new EvaluationReport(metrics, about, items, warnings);
    }

    EvaluationReport with(Metric metric) {
        List<Metric> more = new ArrayList<>(metrics);
        more.add(metric);
        return new EvaluationReport(more, about, items, warnings);
    }

    EvaluationReport warning(List<String> more) {
        return new EvaluationReport(metrics, about, items, more);
    }

    @Override
    public String text() {
        StringBuilder text = new StringBuilder();
        warnings.forEach(it -> text.append("warning: ").append(it).append('\n'));
        for (Metric metric : metrics) {
            text.append(String.format(
                    Locale.ROOT,
                    "%-10s %-12s %-26s %s%n",
                    metric.name,
                    number(metric.value),
                    interval(metric),
                    metric.variant));
        }
        about.forEach((name, value) -> text.append(String.format("%-13s %s%n", name, value)));
        return text.toString();
    }

    static String number(double value) {
        return String.format(Locale.ROOT, "%.6g", value);
    }

    private static String interval(Metric metric) {
        return metric.interval == null
                ? ""
                : "[%s, %s]".formatted(number(metric.interval.low()), number(metric.interval.high()));
    }

    @Override
    public String json() {
        ObjectNode report = Json.object();
        ObjectNode values = report.putObject("metrics");
        for (Metric metric : metrics) {
            ObjectNode value = values.putObject(metric.name);
            value.put("value", metric.value).put("variant", metric.variant);
            if (metric.interval != null) {
                value.putObject("interval")
                        .put("low", metric.interval.low())
                        .put("high", metric.interval.high())
                        .put("level", metric.interval.level());
            }
        }
        about.forEach(report::put);
        warnings.forEach(it -> report.withArray("warnings").add(it));
        ObjectNode scored = report.putObject("items");
        items.forEach((id, scores) -> scores.forEach(scored.putObject(id)::put));
        return report.toPrettyString();
    }
}
