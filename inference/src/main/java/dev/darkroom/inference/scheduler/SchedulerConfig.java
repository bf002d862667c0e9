// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A {@code scheduler_config.json}. As in diffusers, an absent key means the default of the class that reads it, and a key of another
 * class is ignored; a value that the reading class does not know is refused with the key's name.
 *
 * <p>Immutable and thread-safe.
 */
public final class SchedulerConfig {
    private final ObjectNode json;

    private SchedulerConfig(ObjectNode json) {
        this.json = json;
    }

    /**
     * Takes a parsed file.
     *
     * @throws IllegalArgumentException if {@code json} is no object or has no {@code _class_name}
     */
    public static SchedulerConfig of(JsonNode json) {
        if (!(json instanceof ObjectNode object) || !object.path("_class_name").isTextual()) {
            throw new IllegalArgumentException("scheduler_config.json has no _class_name");
        }
        ObjectNode copy = object.deepCopy();
        // Keys that diffusers filled in by itself do not count as said when another class reads them.
        object.path("_use_default_values").forEach(key -> copy.remove(key.asText()));
        return new SchedulerConfig(copy);
    }

    public String className() {
        return json.path("_class_name").asText();
    }

    /** Returns the timesteps that the model was trained with, which no generation can exceed. */
    public int numTrainTimesteps() {
        return integer("num_train_timesteps", 1000);
    }

    /** Returns a configuration with one more whole-number option, or another value of it. */
    public SchedulerConfig with(String key, int value) {
        return new SchedulerConfig(json.deepCopy().put(key, value));
    }

    /** Returns a configuration with one more boolean option, or another value of it. */
    public SchedulerConfig with(String key, boolean value) {
        return new SchedulerConfig(json.deepCopy().put(key, value));
    }

    /** Returns its options as one JSON object. */
    @Override
    public String toString() {
        return json.toString();
    }

    boolean flag(String key, boolean otherwise) {
        JsonNode value = value(key, JsonNode::isBoolean, "true or false");
        return value == null ? otherwise : value.booleanValue();
    }

    int integer(String key, int otherwise) {
        JsonNode value = value(key, JsonNode::isInt, "a whole number");
        return value == null ? otherwise : value.intValue();
    }

    /** As {@link #integer(String, int)}, within limits. */
    int integer(String key, int otherwise, int min, int max) {
        int value = integer(key, otherwise);
        if (value < min || value > max) {
            throw new IllegalArgumentException(
                    "scheduler option " + key + " is " + value + ", allowed are " + min + " to " + max);
        }
        return value;
    }

    double real(String key, double otherwise) {
        JsonNode value = value(key, JsonNode::isNumber, "a number");
        return value == null ? otherwise : value.doubleValue();
    }

    float @Nullable [] reals(String key) {
        JsonNode value = value(key, JsonNode::isArray, "a list of numbers");
        if (value == null) {
            return null;
        }
        float[] reals = new float[value.size()];
        for (int i = 0; i < reals.length; i++) {
            reals[i] = (float) value.get(i).doubleValue();
        }
        return reals;
    }

    /** Returns the whole numbers of a list; none where the option is absent. */
    List<Integer> integers(String key) {
        JsonNode value = value(
                key, node -> node.isArray() && node.valueStream().allMatch(JsonNode::isInt), "a list of whole numbers");
        return value == null
                ? List.of()
                : value.valueStream().map(JsonNode::intValue).toList();
    }

    String text(String key, String otherwise) {
        JsonNode value = value(key, JsonNode::isTextual, "a name");
        return value == null ? otherwise : value.asText();
    }

    /** Returns the constant whose lower-case name is the option's value. */
    <E extends Enum<E>> E choice(String key, E otherwise) {
        return choice(key, otherwise, EnumSet.allOf(otherwise.getDeclaringClass()));
    }

    /** As {@link #choice(String, Enum)}, of some constants. */
    <E extends Enum<E>> E choice(String key, E otherwise, Set<E> known) {
        String value = text(key, optionName(otherwise));
        return known.stream()
                .filter(constant -> optionName(constant).equals(value))
                .findFirst()
                .orElseThrow(() -> unknown(
                        key,
                        value,
                        known.stream().map(SchedulerConfig::optionName).toList()));
    }

    /** Returns the refusal of a value that the reading class does not have. */
    static IllegalArgumentException unknown(String key, String value, List<String> known) {
        return new IllegalArgumentException("scheduler option " + key + " is \"" + value + "\", known are " + known);
    }

    /** Refuses an option that has any value but null: one that no sampler here has. */
    void refuse(String key) {
        if (json.hasNonNull(key)) {
            throw new IllegalArgumentException("scheduler option " + key + " is not available");
        }
    }

    static String optionName(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    private @Nullable JsonNode value(String key, Predicate<JsonNode> type, String expected) {
        JsonNode value = json.path(key);
        if (value.isMissingNode() || value.isNull()) {
            return null;
        }
        if (!type.test(value)) {
            throw new IllegalArgumentException("scheduler option " + key + " is " + value + ", expected " + expected);
        }
        return value;
    }
}
