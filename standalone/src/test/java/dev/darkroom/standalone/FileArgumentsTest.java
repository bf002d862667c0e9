// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileArgumentsTest {
    @TempDir
    private Path folder;

    @BeforeEach
    void fill() throws IOException {
        Files.createDirectories(folder.resolve("deep/deeper"));
        for (String name : List.of("b.png", "a.png", "c.jpg", "[1].png", "deep/d.png", "deep/deeper/e.png")) {
            Files.createFile(folder.resolve(name));
        }
    }

    @Test
    void expand_names_areTakenAsTheyAreInTheirOrder() {
        assertThat(expand("c.jpg", "a.png", "none.png", "[1].png", "a.png"))
                .containsExactly("c.jpg", "a.png", "none.png", "[1].png");
    }

    @Test
    void expand_glob_namesFilesOfThatFolderByName() {
        assertThat(expand("*.png")).containsExactly("[1].png", "a.png", "b.png");
        assertThat(expand("{c,a}.*")).containsExactly("a.png", "c.jpg");
        assertThat(expand("deep/?.png")).containsExactly("deep/d.png");
        assertThat(expand("*/d.png")).containsExactly("deep/d.png");
    }

    @Test
    void expand_doubleStar_goesDown() {
        assertThat(expand("deep/**.png")).containsExactly("deep/d.png", "deep/deeper/e.png");
    }

    @Test
    void expand_globOfTheWorkingFolder_findsWhatIsThere() {
        assertThat(FileArguments.expand(List.of("pom.x*"))).containsExactly(Path.of("pom.xml"));
    }

    @Test
    void expand_globOfNothing_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> expand("*.gif"))
                .withMessageEndingWith("*.gif matches no file");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> expand("nowhere/*.gif"))
                .withMessageEndingWith("nowhere/*.gif matches no file");
    }

    @Test
    void expand_folder_isRefusedSayingHow() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> expand("deep"))
                .withMessageContaining("is a folder")
                .withMessageContaining("deep/*.png");
    }

    private List<String> expand(String... names) {
        List<String> arguments =
                List.of(names).stream().map(name -> folder + "/" + name).toList();
        return FileArguments.expand(arguments).stream()
                .map(file -> folder.relativize(file).toString())
                .toList();
    }
}
