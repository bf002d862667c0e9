// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.caption;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.darkroom.evaluation.EvaluationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CaptionFilesTest {
    private static final List<CaptionedImage> TWO = List.of(
            CaptionedImage.split("1", "a cat", List.of("the cat", "a cat sits")),
            CaptionedImage.split("2", "a dog", List.of("a dog runs")));

    @TempDir
    private Path folder;

    private Path file(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    @Test
    void read_textLines_goByNumber() throws IOException {
        List<CaptionedImage> corpus = CaptionFiles.read(
                file("c.txt", "A cat.\nA dog.\n"), file("r.txt", "The cat.\tA cat sits.\nA dog runs!\n"));
        assertThat(corpus).extracting(CaptionedImage::id).containsExactly("line 1", "line 2");
        assertThat(corpus)
                .extracting(CaptionedImage::references)
                .containsExactly(TWO.get(0).references(), TWO.get(1).references());
    }

    @Test
    void read_clipscoreForm_isRead() throws IOException {
        assertThat(CaptionFiles.read(
                        file("c.json", "{\"1\": \"a cat\", \"2\": \"a dog\"}"),
                        file("r.json", "{\"2\": [\"a dog runs\"], \"1\": [\"the cat\", \"a cat sits\"]}")))
                .isEqualTo(TWO);
    }

    @Test
    void read_cocoForm_isRead() throws IOException {
        assertThat(CaptionFiles.read(
                        file(
                                "c.json",
                                "[{\"image_id\": 1, \"caption\": \"a cat\"}, {\"image_id\": 2, \"caption\": \"a dog\"}]"),
                        file("r.json", """
                                {"annotations": [{"image_id": 1, "id": 7, "caption": "the cat"}, {"image_id": 2, "caption": "a dog runs"},
                                 {"image_id": 1, "caption": "a cat sits"}]}""")))
                .isEqualTo(TWO);
    }

    @Test
    void read_otherPictures_saysWhich() throws IOException {
        Path one = file("one.json", "{\"1\": \"a cat\"}");
        Path two = file("two.json", "{\"1\": \"a cat\", \"2\": \"a dog\"}");
        assertThatExceptionOfType(EvaluationException.class)
                .isThrownBy(() -> CaptionFiles.read(two, one))
                .withMessageEndingWith("have no references in " + one + ", the first is 2");
        assertThatExceptionOfType(EvaluationException.class)
                .isThrownBy(() -> CaptionFiles.read(one, two))
                .withMessageEndingWith("have no caption in " + one + ", the first is 2");
    }

    @Test
    void read_noCaptions_saysWhatIsNeeded() throws IOException {
        Path good = file("good.json", "{\"1\": \"a cat\"}");
        for (Path bad : List.of(
                file("number.json", "{\"1\": 5}"),
                file("broken.json", "{\"1\": \"a"),
                file("several.json", "{\"1\": [\"a\", \"b\"]}"))) {
            assertThatExceptionOfType(EvaluationException.class)
                    .isThrownBy(() -> CaptionFiles.read(bad, good))
                    .withMessageContaining(bad.getFileName().toString());
        }
    }
}
