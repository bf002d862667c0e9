// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety.policy;

import dev.darkroom.safety.detect.Detector;
import dev.darkroom.safety.text.Literals;
import dev.darkroom.safety.text.Vocabulary;
import dev.darkroom.safety.text.WordPattern;
import dev.darkroom.safety.text.WordPatterns;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.Node;

/**
 * Reads a policy file; its form is described in {@code policies/default.yml}. Whatever does not fit is refused with file, line and key, because a
 * misspelt policy that is half in force protects nobody.
 */
final class PolicyFile {

    private static final Set<String> CATEGORY_KEYS = Set.of(
            "severity", "action", "output_action", "negative_prompt", "terms", "exceptions", "literals", "detectors");

    private final String name;
    private final String digest;
    private final YamlSection root;
    private final Map<String, Set<String>> sets = new HashMap<>();

    private PolicyFile(String name, byte[] bytes) {
        String file = name + ".yml";
        this.name = name;
        this.digest = Digest.of(bytes);
        this.root = new YamlSection(file, "", compose(file, bytes), Set.of("sets", "categories"));
    }

    /**
     * The policy in {@code bytes}, a YAML document in UTF-8.
     *
     * @throws PolicyException when it is none
     */
    static Policy parse(String name, byte[] bytes) {
        return new PolicyFile(name, bytes).policy();
    }

    private static @Nullable Node compose(String file, byte[] bytes) {
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
            LoaderOptions options = new LoaderOptions();
            options.setMaxAliasesForCollections(0); // a policy needs none, and they can be made to explode
            return new Yaml(options).compose(new StringReader(text));
        } catch (CharacterCodingException e) {
            throw new PolicyException(file + ": is not UTF-8", e);
        } catch (MarkedYAMLException e) {
            throw new PolicyException(
                    file + ", line " + (e.getProblemMark().getLine() + 1) + ": is not YAML: " + e.getProblem(), e);
        } catch (YAMLException e) {
            throw new PolicyException(file + ": is not YAML: " + e.getMessage(), e);
        }
    }

    private Policy policy() {
        readSets();
        YamlSection section = root.section("categories", Set.of());
        if (section.keys().isEmpty()) {
            throw root.refusal("categories", "names no category");
        }
        List<Category> categories = new ArrayList<>();
        for (String category : section.keys()) {
            categories.add(category(category, section.section(category, CATEGORY_KEYS)));
        }
        Set<String> words = new HashSet<>();
        categories.forEach(category -> words.addAll(category.terms().words()));
        return new Policy(name, digest, categories, new Vocabulary(words));
    }

    private void readSets() {
        if (root.has("sets")) {
            YamlSection section = root.section("sets", Set.of());
            for (String set : section.keys()) {
                Set<String> words = new HashSet<>();
                section.list(set, WordPattern::words).forEach(words::addAll);
                sets.put(set, words);
            }
        }
    }

    private Category category(String category, YamlSection section) {
        List<Detector> detectors = section.severalOf("detectors", Detector.class);
        Action action = section.oneOf("action", Action.class);
        return new Category(
                category,
                section.oneOf("severity", Severity.class),
                action,
                section.has("output_action") ? section.oneOf("output_action", Action.class) : action,
                section.isTrue("negative_prompt"),
                patterns(section, "terms"),
                patterns(section, "exceptions"),
                new Literals(section.list("literals", PolicyFile::requireNotBlank)),
                detectors.isEmpty() ? Set.of() : EnumSet.copyOf(detectors));
    }

    private WordPatterns patterns(YamlSection section, String key) {
        return new WordPatterns(section.list(key, pattern -> WordPattern.parse(pattern, sets)));
    }

    private static String requireNotBlank(String literal) {
        if (literal.isBlank()) {
            throw new IllegalArgumentException("is empty");
        }
        return literal;
    }
}
