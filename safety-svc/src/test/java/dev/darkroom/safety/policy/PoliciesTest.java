// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.safety.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PoliciesTest {

    private static final String GOOD = "categories:\n  pets: {severity: low, action: flag, terms: [cat]}\n";

    @TempDir
    Path directory;

    @Test
    void named_filesOfTheDirectory_areThereBesideTheDefault() throws IOException {
        Files.writeString(directory.resolve("pets.yml"), GOOD);
        Files.writeString(directory.resolve("notes.txt"), "no policy");

        assertThat(new Policies(directory).names()).containsExactly("default", "pets");
    }

    @Test
    void named_defaultInTheDirectory_replacesTheBuiltInOne() throws IOException {
        Files.writeString(directory.resolve("default.yml"), GOOD);

        assertThat(policy("default").categories()).extracting(Category::name).containsExactly("pets");
    }

    @Test
    void digest_file_isItsSha256() throws IOException {
        Files.writeString(directory.resolve("pets.yml"), "categories: {a: {severity: low, action: allow}}\n");

        assertThat(policy("pets").digest())
                .isEqualTo("10ce1960850e47cc637fb8701c20b9bed457f010ebddc358aeb1d275169c9cd0");
    }

    @Test
    void outputAction_notSaid_isTheActionForWords() throws IOException {
        Files.writeString(directory.resolve("pets.yml"), """
                categories:
                  cats: {severity: low, action: flag}
                  dogs: {severity: low, action: flag, output_action: block}
                """);

        Policy pets = policy("pets");

        assertThat(pets.categories()).extracting(Category::outputAction).containsExactly(Action.FLAG, Action.BLOCK);
        assertThat(pets.category("dogs")).isSameAs(pets.categories().getLast());
        assertThat(pets.category("birds")).isNull();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            value = {
                "a: [#pets.yml, line 1: is not YAML",
                "categories: {}#pets.yml, line 1: categories names no category",
                "sets: {}#pets.yml: categories is missing",
                "'- a'#pets.yml, line 1: a mapping is expected here",
                "'categories:\n  pets: {severity: low, action: blok}'#pets.yml, line 2: categories.pets.action \"blok\" is none of [allow, flag, block]",
                "'categories:\n  pets: {severity: low}'#pets.yml: categories.pets.action is missing",
                "'categories:\n  pets:\n    severity: low\n    acton: block'#pets.yml, line 4: categories.pets.acton unknown key",
                "'categories:\n  pets:\n    severity: low\n    severity: low'#pets.yml, line 4: categories.pets.severity stands here for the second time",
                "'categories:\n  pets:\n    severity: low\n    action: block\n    terms:\n      - cat\n      - a <dog>'#pets.yml, line 7: categories.pets.terms: \"a <dog>\": unknown set <dog>",
                "'categories:\n  pets:\n    severity: low\n    action: block\n    detectors: [fax]'#pets.yml, line 5: categories.pets.detectors \"fax\" is none of",
                "'categories:\n  pets:\n    severity: low\n    action: block\n    negative_prompt: maybe'#pets.yml, line 5: categories.pets.negative_prompt is neither true nor false",
                "'categories:\n  pets:\n    severity: low\n    action: block\n    terms: cat'#pets.yml, line 5: categories.pets.terms is not a list"
            })
    void policies_brokenFile_isRefusedWithLineAndKey(String yaml, String message) throws IOException {
        Files.writeString(directory.resolve("pets.yml"), yaml.replace("\\n", "\n"));

        assertThatThrownBy(() -> new Policies(directory))
                .isInstanceOf(PolicyException.class)
                .hasMessageStartingWith(message);
    }

    @Test
    void policies_notUtf8_isRefused() throws IOException {
        Files.write(directory.resolve("pets.yml"), "categories: \u00E9".getBytes(StandardCharsets.ISO_8859_1));

        assertThatThrownBy(() -> new Policies(directory)).hasMessage("pets.yml: is not UTF-8");
    }

    @Test
    void policies_missingDirectory_isRefused() {
        assertThatThrownBy(() -> new Policies(directory.resolve("absent")))
                .isInstanceOf(PolicyException.class)
                .hasMessageContaining("absent");
    }

    private Policy policy(String name) {
        return Objects.requireNonNull(new Policies(directory).named(name));
    }
}
