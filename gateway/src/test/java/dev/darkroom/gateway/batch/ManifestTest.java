// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.batch;

import static dev.darkroom.gateway.batch.ManifestFormat.CSV;
import static dev.darkroom.gateway.batch.ManifestFormat.JSONL;
import static dev.darkroom.gateway.batch.ManifestFormat.YAML;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.darkroom.caption.v1.CaptionStyle;
import dev.darkroom.gateway.v1.CaptionImagesRequest;
import dev.darkroom.gateway.v1.GenerateImagesRequest;
import dev.darkroom.gateway.v1.UpscaleImageRequest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ManifestTest {
    @Test
    void plan_jsonLines_setsTheFieldsOfEachKind() {
        Manifest manifest = good(JSONL, """
                {"id": "fox", "prompt": "a fox", "seed": 7, "guidance_scale": 3.5, "num_inference_steps": 4, "upscale_factor": 4, "upscale": {"model": "big"}}

                {"kind": "caption", "image": "fox.png", "style": "alt-text", "num_beams": 5, "include_low_confidence": true}
                {"kind": "upscale", "image": "fox.png", "prompt": "a fox", "noise_level": 3}
                """);

        assertThat(manifest.items()).extracting(ManifestItem::id).containsExactly("fox", "3", "4");
        assertThat(manifest.items())
                .extracting(ManifestItem::kind)
                .containsExactly(ItemKind.IMAGE, ItemKind.CAPTION, ItemKind.UPSCALE);
        assertThat(manifest.items()).extracting(ManifestItem::image).containsExactly("", "fox.png", "fox.png");
        GenerateImagesRequest fox =
                (GenerateImagesRequest) manifest.items().getFirst().request();
        assertThat(fox.getParameters().getPrompt()).isEqualTo("a fox");
        assertThat(fox.getParameters().getSeed()).isEqualTo(7);
        assertThat(fox.getParameters().getGuidanceScale()).isEqualTo(3.5f);
        assertThat(fox.getUpscaleFactor()).isEqualTo(4);
        assertThat(fox.getUpscale().getModel()).isEqualTo("big");
        CaptionImagesRequest caption =
                (CaptionImagesRequest) manifest.items().get(1).request();
        assertThat(caption.getParameters().getStyle()).isEqualTo(CaptionStyle.CAPTION_STYLE_ALT_TEXT);
        assertThat(caption.getParameters().getNumBeams()).isEqualTo(5);
        assertThat(caption.getIncludeLowConfidence()).isTrue();
        UpscaleImageRequest upscale =
                (UpscaleImageRequest) manifest.items().get(2).request();
        assertThat(upscale.getParameters().getNoiseLevel()).isEqualTo(3);
    }

    @Test
    void plan_sameItemsInEachFormat_areTheSameRequests() {
        Manifest lines = good(
                JSONL,
                "{\"id\":\"a\",\"prompt\":\"a \\\"red\\\" fox, ü\",\"seed\":\"1..2\",\"guidance_scale\":[3,5]}\n");
        Manifest rows = good(CSV, "id,prompt,seed,guidance_scale\na,\"a \"\"red\"\" fox, ü\",1..2,\"[3, 5]\"\n");
        Manifest yaml = good(YAML, "- id: a\n  prompt: a \"red\" fox, ü\n  seed: 1..2\n  guidance_scale: [3, 5]\n");

        assertThat(lines.items()).hasSize(4).extracting(ManifestItem::id).containsExactly("a-1", "a-2", "a-3", "a-4");
        assertThat(rows.items()).extracting(ManifestItem::digest).isEqualTo(digests(lines));
        assertThat(yaml.items()).extracting(ManifestItem::digest).isEqualTo(digests(lines));
    }

    @Test
    void plan_defaultsTemplatesAndGrid_makesEveryCombinationInOrder() {
        Manifest manifest = good(YAML, """
                defaults:
                  num_inference_steps: 4
                  guidance_scale: 7
                items:
                  - prompt: a {animal} in the {place}
                    with:
                      animal: [fox, bear]
                      place: snow
                    seed: [1..2, 9]
                  - prompt: "{not a template}"
                    guidance_scale: 2
                """);

        assertThat(manifest.items())
                .extracting(item -> {
                    var parameters = ((GenerateImagesRequest) item.request()).getParameters();
                    return parameters.getPrompt() + "|" + parameters.getSeed() + "|" + parameters.getGuidanceScale()
                            + "|" + parameters.getNumInferenceSteps();
                })
                .containsExactly(
                        "a fox in the snow|1|7.0|4",
                        "a fox in the snow|2|7.0|4",
                        "a fox in the snow|9|7.0|4",
                        "a bear in the snow|1|7.0|4",
                        "a bear in the snow|2|7.0|4",
                        "a bear in the snow|9|7.0|4",
                        "{not a template}|0|2.0|4");
    }

    @Test
    void plan_defaultsInTheFirstLine_applyToAllOthers() {
        Manifest manifest =
                good(JSONL, "{\"defaults\": {\"seed\": 3}}\n{\"prompt\": \"a\"}\n{\"prompt\": \"b\", \"seed\": 4}\n");

        assertThat(manifest.items())
                .extracting(item ->
                        ((GenerateImagesRequest) item.request()).getParameters().getSeed())
                .containsExactly(3L, 4L);
    }

    @Test
    void plan_defaultsOfAnotherKind_areLeftOut() {
        Manifest manifest = good(YAML, """
                defaults: {num_inference_steps: 4, upscale_factor: 4, num_beams: 2}
                items:
                  - prompt: a fox
                  - {kind: caption, image: a.png}
                """);

        assertThat(((GenerateImagesRequest) manifest.items().getFirst().request()).getUpscaleFactor())
                .isEqualTo(4);
        assertThat(((CaptionImagesRequest) manifest.items().getLast().request())
                        .getParameters()
                        .getNumBeams())
                .isEqualTo(2);
        assertThat(plan(YAML, "defaults: {colour: red}\nitems: [{prompt: a}]").errors())
                .extracting(ManifestError::field)
                .containsExactly("colour");
    }

    @Test
    void plan_byteOrderMarkAndCarriageReturns_areReadOver() {
        Manifest lines = good(JSONL, "\uFEFF{\"prompt\": \"a\"}\r\n{\"prompt\": \"b\"}\r\n");
        Manifest rows = good(CSV, "\uFEFFprompt,seed\r\na,1\r\n,\r\n\"b\nc\",2\r\n");

        assertThat(lines.items()).extracting(ManifestItem::line).containsExactly(1, 2);
        assertThat(prompts(rows)).containsExactly("a", "b\nc");
        assertThat(rows.items()).extracting(ManifestItem::id).containsExactly("2", "4");
    }

    @Test
    void plan_identicalItems_areMadeOnce() {
        Manifest manifest = good(
                JSONL,
                "{\"prompt\":\"a\",\"seed\":1}\n{\"prompt\":\"b\"}\n{\"seed\":1,\"id\":\"x\",\"prompt\":\"a\"}\n");

        assertThat(manifest.items()).extracting(ManifestItem::original).containsExactly(0, 1, 0);
        assertThat(manifest.distinct()).isEqualTo(2);
    }

    @Test
    void plan_everyMistake_isNamedWithLineColumnAndField() {
        Manifest manifest = plan(JSONL, """
                {"prompt": "a", "seed": "x"}
                {"prompt": "a", "colour": "red"}
                {"prompt": }
                {"seed": 1}
                {"kind": "song", "prompt": "a"}
                {"id": "a b", "prompt": "a"}
                {"id": "same", "prompt": "a"}
                {"id": "same", "prompt": "b"}
                {"kind": "caption"}
                {"prompt": "a", "seed": "8..1"}
                {"prompt": "a {b}", "with": {"c": "d"}}
                {"prompt": "a", "prompt": "b"}
                ["a"]
                {"prompt": "a"} x
                {"prompt": "a", "guidance_scale": "NaN"}
                {"prompt": "a", "seed": []}
                """);

        assertThat(manifest.errors())
                .extracting(error -> error.line() + " " + error.column() + " " + error.field())
                .containsExactly(
                        "1 25 seed",
                        "2 27 colour",
                        "3 12 ",
                        "4 1 prompt",
                        "5 10 kind",
                        "6 8 id",
                        "8 8 id",
                        "9 1 image",
                        "10 25 seed",
                        "11 12 prompt",
                        "12 25 ",
                        "13 5 ",
                        "14 17 ",
                        "15 35 guidance_scale",
                        "16 25 seed");
        assertThat(manifest.errors().getFirst())
                .hasToString("line 1, column 25, seed: must be a whole number, or a range such as 1..8, but was \"x\"");
    }

    @Test
    void plan_mistakesInCsvAndYaml_areNamedToo() {
        assertThat(plan(CSV, "prompt,seed\na,x\na,1,2\n").errors())
                .extracting(error -> error.line() + " " + error.column() + " " + error.field())
                .containsExactly("2 2 seed", "3 3 ");
        assertThat(plan(YAML, "items:\n  - prompt: a\n    seed: x\n  - b\nother: 1\n")
                        .errors())
                .extracting(error -> error.line() + " " + error.column() + " " + error.field())
                .containsExactly("3 11 seed", "4 5 ", "5 8 other");
        assertThat(plan(YAML, "- prompt: [a\n").errors()).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({"JSONL", "CSV", "YAML"})
    void plan_nothing_isAMistake(ManifestFormat format) {
        assertThat(plan(format, "").errors())
                .extracting(ManifestError::message)
                .containsExactly("must hold at least one item");
    }

    @Test
    void plan_notUtf8_namesTheLine() {
        byte[] bytes = "{\"prompt\": \"a\"}\n{\"prompt\": \"\u00e4\"}\n".getBytes(StandardCharsets.ISO_8859_1);

        assertThat(Manifest.plan(bytes, JSONL).errors()).containsExactly(new ManifestError(2, 1, "", "must be UTF-8"));
    }

    @Test
    void plan_gridBeyondTheLimit_isRefusedWithoutBeingBuilt() {
        Manifest manifest =
                plan(JSONL, "{\"prompt\": \"a\", \"seed\": \"1..1000000\", \"guidance_scale\": [1,2,3,4,5,6,7,8,9]}\n");

        assertThat(manifest.errors())
                .extracting(ManifestError::message)
                .containsExactly("makes more than 100000 items in all");
        assertThat(manifest.items()).isEmpty();
    }

    /** As on https://platform.openai.com/docs/guides/batch, for pictures. */
    @Test
    void plan_openAiBatchInput_isAcceptedAsItIs() {
        Manifest manifest = good(JSONL, """
                {"custom_id": "request-1", "method": "POST", "url": "/v1/images/generations", "body": {"model": "gpt-image-1", "prompt": "a fox", "n": 2, "size": "64x64", "quality": "high"}}
                {"custom_id": "request-2", "method": "POST", "url": "/v1/images/generations", "body": {"prompt": "a bear", "size": "auto", "response_format": "b64_json"}}
                """);

        assertThat(manifest.items()).extracting(ManifestItem::id).containsExactly("request-1", "request-2");
        var fox = ((GenerateImagesRequest) manifest.items().getFirst().request()).getParameters();
        assertThat(fox.getModel()).isEmpty();
        assertThat(fox.getNumImagesPerPrompt()).isEqualTo(2);
        assertThat(fox.getWidth()).isEqualTo(64);
        assertThat(((GenerateImagesRequest) manifest.items().getLast().request())
                        .getParameters()
                        .hasWidth())
                .isFalse();
    }

    @Test
    void plan_openAiLineForSomethingElse_isRefused() {
        assertThat(plan(
                                JSONL,
                                "{\"custom_id\": \"a\", \"method\": \"POST\", \"url\": \"/v1/embeddings\", \"body\": {\"prompt\": \"a\"}}")
                        .errors())
                .extracting(ManifestError::field)
                .containsExactly("url");
    }

    @Test
    void plan_twentyThousandLines_areAllThere() {
        String text = IntStream.range(0, 20_000)
                .mapToObj(i ->
                        "{\"id\":\"item-%d\",\"prompt\":\"a fox number %d in the snow\",\"seed\":%d,\"num_inference_steps\":20}"
                                .formatted(i, i, i))
                .collect(Collectors.joining("\n"));

        Manifest manifest = good(JSONL, text);

        assertThat(manifest.items()).hasSize(20_000);
        assertThat(manifest.distinct()).isEqualTo(20_000);
    }

    @Test
    void subset_someLines_isAManifestOfThoseInItsFormat() {
        String lines =
                "{\"defaults\": {\"seed\": 3}}\r\n{\"prompt\": \"a\"}\r\n\r\n{\"id\": \"b\", \"prompt\": \"b\"}\r\n";
        String rows = "prompt,seed\na,1\n\"b\nc\",2\nd,3\n";
        String yaml =
                "defaults: {seed: 3}\nitems:\n  - prompt: \"1984\"\n  - {id: b, prompt: b, guidance_scale: [3, 5]}\n";

        assertThat(subset(JSONL, lines, 4))
                .isEqualTo("{\"defaults\": {\"seed\": 3}}\n{\"id\": \"b\", \"prompt\": \"b\"}\n");
        assertThat(subset(CSV, rows, 3)).isEqualTo("prompt,seed\n\"b\nc\",2\n");
        String items = subset(YAML, yaml, 4);
        assertThat(good(YAML, items).items())
                .extracting(ManifestItem::digest)
                .isEqualTo(digests(good(YAML, yaml)).subList(1, 3));
        assertThat(prompts(good(YAML, subset(YAML, yaml, 3)))).containsExactly("1984");
    }

    private static String subset(ManifestFormat format, String text, int line) {
        return Manifest.subset(text.getBytes(StandardCharsets.UTF_8), format, Set.of(line));
    }

    @ParameterizedTest
    @CsvSource({"a.jsonl,JSONL", "b/c.NDJSON,JSONL", "a.csv,CSV", "a.yaml,YAML", "a.yml,YAML"})
    void ofFile_knownEnds_tellTheFormat(String name, ManifestFormat format) {
        assertThat(ManifestFormat.ofFile(name)).isEqualTo(format);
    }

    @Test
    void ofFile_otherEnd_isRefused() {
        assertThatThrownBy(() -> ManifestFormat.ofFile("a.txt")).hasMessageContaining(".jsonl");
    }

    private static Manifest plan(ManifestFormat format, String text) {
        return Manifest.plan(text.getBytes(StandardCharsets.UTF_8), format);
    }

    private static Manifest good(ManifestFormat format, String text) {
        Manifest manifest = plan(format, text);
        assertThat(manifest.errors()).isEmpty();
        return manifest;
    }

    private static List<String> digests(Manifest manifest) {
        return manifest.items().stream().map(ManifestItem::digest).toList();
    }

    private static List<String> prompts(Manifest manifest) {
        return manifest.items().stream()
                .map(item ->
                        ((GenerateImagesRequest) item.request()).getParameters().getPrompt())
                .toList();
    }
}
