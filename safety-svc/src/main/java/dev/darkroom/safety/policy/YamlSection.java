// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety.policy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/** A mapping of a policy file. Every refusal names file, line and key. */
final class YamlSection {

    private final String file;
    private final String path;
    private final Map<String, Node> values = new LinkedHashMap<>();

    YamlSection(String file, String path, @Nullable Node node, Set<String> knownKeys) {
        this.file = file;
        this.path = path;
        if (!(node instanceof MappingNode mapping)) {
            throw new PolicyException(where(node) + " a mapping is expected here");
        }
        for (NodeTuple tuple : mapping.getValue()) {
            put(tuple, knownKeys);
        }
    }

    private void put(NodeTuple tuple, Set<String> knownKeys) {
        String key = scalar(tuple.getKeyNode(), path);
        if (!knownKeys.isEmpty() && !knownKeys.contains(key)) {
            throw refusal(tuple.getKeyNode(), key, "unknown key; known: " + sorted(knownKeys));
        }
        if (values.put(key, tuple.getValueNode()) != null) {
            throw refusal(tuple.getKeyNode(), key, "stands here for the second time");
        }
    }

    /** The keys, in the order of the file. */
    List<String> keys() {
        return List.copyOf(values.keySet());
    }

    /** The mapping under {@code key}; an empty set of known keys allows any. */
    YamlSection section(String key, Set<String> knownKeys) {
        return new YamlSection(file, pathOf(key), required(key), knownKeys);
    }

    boolean has(String key) {
        return values.containsKey(key);
    }

    boolean isTrue(String key) {
        Node node = values.get(key);
        if (node == null) {
            return false;
        }
        return switch (scalar(node, pathOf(key))) {
            case "true" -> true;
            case "false" -> false;
            default -> throw refusal(node, key, "is neither true nor false");
        };
    }

    <E extends Enum<E>> E oneOf(String key, Class<E> type) {
        return named(required(key), key, type);
    }

    <E extends Enum<E>> List<E> severalOf(String key, Class<E> type) {
        return items(key).stream().map(item -> named(item, key, type)).toList();
    }

    private <E extends Enum<E>> E named(Node node, String key, Class<E> type) {
        String name = scalar(node, pathOf(key));
        List<String> known = Arrays.stream(type.getEnumConstants())
                .map(constant -> constant.name().toLowerCase(Locale.ROOT))
                .toList();
        if (!known.contains(name)) {
            throw refusal(node, key, "\"" + name + "\" is none of " + known);
        }
        return Enum.valueOf(type, name.toUpperCase(Locale.ROOT));
    }

    /** The list under {@code key}, each item read by {@code read}, whose {@link IllegalArgumentException} is refused with its line. */
    <T> List<T> list(String key, Function<String, T> read) {
        List<T> result = new ArrayList<>();
        for (Node item : items(key)) {
            String value = scalar(item, pathOf(key));
            try {
                result.add(read.apply(value));
            } catch (IllegalArgumentException e) {
                throw new PolicyException(
                        where(item) + " " + pathOf(key) + ": \"" + value + "\": " + e.getMessage(), e);
            }
        }
        return result;
    }

    private List<Node> items(String key) {
        Node node = values.get(key);
        if (node == null) {
            return List.of();
        }
        if (!(node instanceof SequenceNode sequence)) {
            throw refusal(node, key, "is not a list");
        }
        return sequence.getValue();
    }

    private Node required(String key) {
        Node node = values.get(key);
        if (node == null) {
            throw new PolicyException(file + ": " + pathOf(key) + " is missing");
        }
        return node;
    }

    private String scalar(Node node, String at) {
        if (!(node instanceof ScalarNode scalar)) {
            throw new PolicyException(where(node) + " " + at + ": a single value is expected here");
        }
        return scalar.getValue();
    }

    private PolicyException refusal(Node node, String key, String what) {
        return new PolicyException(where(node) + " " + pathOf(key) + " " + what);
    }

    /** A refusal of the value under {@code key}. */
    PolicyException refusal(String key, String what) {
        return refusal(required(key), key, what);
    }

    private String where(@Nullable Node node) {
        return node == null
                ? file + ":"
                : file + ", line " + (node.getStartMark().getLine() + 1) + ":";
    }

    private String pathOf(String key) {
        return path.isEmpty() ? key : path + "." + key;
    }

    private static List<String> sorted(Set<String> keys) {
        return keys.stream().sorted().toList();
    }
}
