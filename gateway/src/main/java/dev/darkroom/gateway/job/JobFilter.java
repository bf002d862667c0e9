// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.job;

import dev.darkroom.gateway.v1.JobKind;
import dev.darkroom.gateway.v1.JobState;
import dev.darkroom.rpc.Violations;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Which jobs of a list are wanted, in a part of the language of AIP-160: comparisons, joined by AND.
 *
 * <pre>
 * state = RUNNING            state, one of QUEUED RUNNING SUCCEEDED FAILED CANCELLED QUARANTINED; also !=
 * done = true                whether it has ended
 * kind = GENERATE_IMAGES     also !=
 * labels.campaign = "x"      also !=
 * create_time >= "2026-01-31T12:00:00Z"    also &gt; &lt; &lt;=
 * </pre>
 *
 * @param sql conditions, each with AND before it
 * @param bindings of the sql
 */
record JobFilter(String sql, Map<String, Object> bindings) {
    static final JobFilter ALL = new JobFilter("", Map.of());

    private static final String FIELD = "filter";
    private static final int MAX_LENGTH = 1_000;
    private static final Pattern COMPARISON = Pattern.compile(
            "\\s*([a-z_]+(?:\\.[a-z0-9_-]+)?)\\s*(=|!=|>=|<=|>|<)\\s*(?:\"([^\"]*)\"|([A-Za-z0-9_.:-]+))\\s*");

    /** Reads a filter; adds a violation of the field "filter" where it is none. */
    static JobFilter parse(String text, Violations violations) {
        if (text.isBlank()
                || !violations.check(
                        text.length() <= MAX_LENGTH, FIELD, "at most 1,000 characters long", text.length())) {
            return ALL;
        }
        Reader reader = new Reader(violations);
        for (String comparison : text.split("\\bAND\\b", -1)) {
            reader.read(comparison);
        }
        return new JobFilter(String.join("", reader.conditions), reader.bindings);
    }

    private static final class Reader {
        private final Violations violations;
        private final List<String> conditions = new ArrayList<>();
        private final Map<String, Object> bindings = new HashMap<>();

        Reader(Violations violations) {
            this.violations = violations;
        }

        void read(String comparison) {
            Matcher parts = COMPARISON.matcher(comparison);
            if (!parts.matches()) {
                violations.add(FIELD, "comparisons joined by AND, such as labels.campaign = \"x\"", comparison.strip());
                return;
            }
            String field = parts.group(1);
            String operator = parts.group(2);
            String value = parts.group(3) == null ? parts.group(4) : parts.group(3);
            if (field.equals("create_time")) {
                time(operator, value);
            } else if (!operator.equals("=") && !operator.equals("!=")) {
                violations.add(FIELD, "= or != for " + field, operator);
            } else if (field.startsWith("labels.")) {
                label(field.substring("labels.".length()), operator, value);
            } else {
                word(field, operator, value);
            }
        }

        private void word(String field, String operator, String value) {
            switch (field) {
                case "state" -> state(operator, value);
                case "kind" -> kind(operator, value);
                case "done" -> done(operator, value);
                default -> violations.add(FIELD, "a comparison of state, done, kind, labels.KEY or create_time", field);
            }
        }

        private void state(String operator, String value) {
            List<String> phases = Stream.of(JobPhase.values())
                    .filter(phase -> phase.state().name().equals(prefixed("JOB_STATE_", value)))
                    .map(phase -> "'" + phase.name() + "'")
                    .toList();
            if (oneOf("state", value, JobState.values(), "JOB_STATE_", !phases.isEmpty())) {
                conditions.add(" and state " + (operator.equals("=") ? "" : "not ") + "in (" + String.join(", ", phases)
                        + ")");
            }
        }

        private void kind(String operator, String value) {
            String name = prefixed("JOB_KIND_", value);
            boolean known =
                    Stream.of(JobKind.values()).anyMatch(kind -> kind.name().equals(name));
            if (oneOf("kind", value, JobKind.values(), "JOB_KIND_", known)) {
                conditions.add(" and kind " + (operator.equals("=") ? "=" : "<>") + " " + bound(name));
            }
        }

        private void done(String operator, String value) {
            if (violations.check(
                    value.equals("true") || value.equals("false"), FIELD, "true or false for done", value)) {
                boolean done = value.equals("true") == operator.equals("=");
                conditions.add(" and ended_at is " + (done ? "not null" : "null"));
            }
        }

        private void label(String key, String operator, String value) {
            boolean good = Labels.KEY.matcher(key).matches()
                    && Labels.VALUE.matcher(value).matches();
            if (violations.check(
                    good, FIELD, "a comparison with what a label may be", key + " " + operator + " " + value)) {
                String pattern = "%|" + (key + "=" + value).replace("_", "!_") + "|%"; // _ would be any character
                conditions.add(" and labels " + (operator.equals("=") ? "" : "not ") + "like " + bound(pattern)
                        + " escape '!'");
            }
        }

        private void time(String operator, String value) {
            try {
                long millis = Instant.parse(value).toEpochMilli();
                conditions.add(" and created_at " + (operator.equals("!=") ? "<>" : operator) + " " + bound(millis));
            } catch (DateTimeParseException _) {
                violations.add(FIELD, "a time such as \"2026-01-31T12:00:00Z\" for create_time", value);
            }
        }

        private boolean oneOf(String field, String value, Enum<?>[] known, String prefix, boolean good) {
            String names = Arrays.stream(known)
                    .map(Enum::name)
                    .filter(name -> name.startsWith(prefix) && !name.endsWith("UNSPECIFIED"))
                    .map(name -> name.substring(prefix.length()))
                    .collect(Collectors.joining(", "));
            return violations.check(good, FIELD, "one of " + names + " for " + field, value);
        }

        private static String prefixed(String prefix, String value) {
            String upper = value.toUpperCase(Locale.ROOT);
            return upper.startsWith(prefix) ? upper : prefix + upper;
        }

        private String bound(Object value) {
            String name = "filter" + bindings.size();
            bindings.put(name, value);
            return ":" + name;
        }
    }
}
