// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.darkroom.evaluation.EvaluationException;
import dev.darkroom.evaluation.EvaluationException.Reason;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.image.PngWriter;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.ExecutionProvider;
import dev.darkroom.inference.onnx.LiveHandles;
import dev.darkroom.inference.onnx.SessionSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Over the graphs of darkroom_training.record_metrics, which see a picture's mean colour. */
final class FeatureNetworkTest {
    private static final Path GRAPHS = Path.of("src/test/resources/graphs");
    private static final SessionSettings SETTINGS = new SessionSettings(ExecutionProvider.CPU, 1);
    private static final Cancellation CANCELLATION = new Cancellation();

    @TempDir
    private Path folder;

    @AfterEach
    void nothingStaysOpen() {
        assertThat(LiveHandles.count()).isZero();
    }

    private static RgbImage plain(int width, int height, int red, int green, int blue) {
        byte[] rgb = new byte[width * height * 3];
        for (int i = 0; i < rgb.length; i += 3) {
            rgb[i] = (byte) red;
            rgb[i + 1] = (byte) green;
            rgb[i + 2] = (byte) blue;
        }
        return RgbImage.of(width, height, rgb);
    }

    private static double[] features(Path model, RgbImage image) {
        try (FeatureNetwork network = FeatureNetwork.load(model, SETTINGS)) {
            return network.features(image, CANCELLATION);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"mean_colour", "mean_colour/model.onnx", "two_outputs"})
    void features_graphWithoutPreprocessor_seesThePictureInItsOwnSize(String model) {
        double[] features = features(GRAPHS.resolve(model), plain(30, 20, 255, 0, 51));
        assertThat(features).containsExactly(new double[] {1, -1, -0.6}, within(1e-6));
    }

    @Test
    void features_preprocessorBeside_isFollowed() throws IOException {
        Files.copy(GRAPHS.resolve("open_size/model.onnx"), folder.resolve("model.onnx"));
        Files.writeString(folder.resolve("preprocessor_config.json"), """
                {"size": {"shortest_edge": 4}, "crop_size": 4, "resample": 2, "do_normalize": false}""");
        assertThat(features(folder, plain(9, 5, 255, 0, 51))).containsExactly(new double[] {1, 0, 0.2}, within(1e-6));
        try (FeatureNetwork network = FeatureNetwork.load(folder, SETTINGS)) {
            assertThat(network.preprocessing()).isEqualTo("size {shortest_edge:4}, resample 2, crop_size 4");
        }
    }

    @Test
    void load_openSizeWithoutPreprocessor_isRefused() {
        assertThatExceptionOfType(ModelDirectoryException.class)
                .isThrownBy(() -> FeatureNetwork.load(GRAPHS.resolve("open_size"), SETTINGS))
                .withMessageContaining("preprocessor_config.json beside model.onnx");
    }

    @ParameterizedTest
    @ValueSource(strings = {"grey", "map", "nowhere"})
    void load_graphThatDoesNotFit_isRefused(String model) {
        assertThatExceptionOfType(ModelDirectoryException.class)
                .isThrownBy(() -> FeatureNetwork.load(GRAPHS.resolve(model), SETTINGS))
                .withMessageStartingWith("features: ");
    }

    @Test
    void features_shippedClip_haveLengthOne() {
        double[] features = features(Path.of("../models/pocket-clip"), plain(100, 80, 200, 30, 30));
        assertThat(features).hasSize(128);
        assertThat(Arrays.stream(features).map(x -> x * x).sum()).isCloseTo(1, within(1e-5));
    }

    @Test
    void videoFeatures_bothLayouts_seeFramesInOrder() {
        List<RgbImage> frames = List.of(plain(30, 20, 255, 255, 255), plain(30, 20, 255, 0, 51));
        double third = (1 - 1 - 0.6) / 3;
        assertThat(videoFeatures("clip_channels_first", frames)).containsExactly(new double[] {1, third}, within(1e-6));
        assertThat(videoFeatures("clip_frames_first", frames)).containsExactly(new double[] {1, 0, 0.2}, within(1e-6));
    }

    private static double[] videoFeatures(String graph, List<RgbImage> frames) {
        try (VideoFeatures network = VideoFeatures.load(GRAPHS.resolve(graph).resolve("model.onnx"), SETTINGS)) {
            return network.features(frames, CANCELLATION);
        }
    }

    @Test
    void videoFeatures_otherNumberOfFramesOrGraph_isRefused() {
        assertThatExceptionOfType(EvaluationException.class)
                .isThrownBy(() -> videoFeatures("clip_frames_first", List.of(plain(8, 8, 0, 0, 0))))
                .withMessage("the network takes clips of 2 frames, this one has 1");
        assertThatExceptionOfType(ModelDirectoryException.class)
                .isThrownBy(() -> videoFeatures("mean_colour", List.of(plain(8, 8, 0, 0, 0))));
    }

    @Test
    void pictures_ofAFolderAndBelow_comeInOrder() throws IOException {
        write("b.png", plain(8, 8, 0, 0, 0));
        write("a/z.PNG", plain(8, 8, 255, 255, 255));
        Files.writeString(folder.resolve("notes.txt"), "no picture");
        PictureFolder pictures = PictureFolder.list(folder);
        List<Double> reds = new ArrayList<>();
        try (FeatureNetwork network = FeatureNetwork.load(GRAPHS.resolve("mean_colour"), SETTINGS)) {
            pictures.features(network, CANCELLATION, (features, done) -> {
                reds.add(features[0]);
                assertThat(done).isEqualTo(reds.size());
            });
        }
        assertThat(reds).containsExactly(1.0, -1.0);
        assertThat(pictures.formats()).containsExactly(Map.entry("png", 2L));
    }

    @Test
    void clips_foldersOfFrames_comeInOrderWithDigitsAsNumbers() throws IOException {
        for (int frame : new int[] {10, 9, 2}) {
            write("b/take_%d.png".formatted(frame), plain(8, 8, 25 * frame, 0, 0));
        }
        write("a/1.png", plain(8, 8, 255, 255, 255));
        write("a/02.png", plain(8, 8, 0, 0, 0));
        write("loose.png", plain(8, 8, 0, 0, 0));
        ClipFolder clips = ClipFolder.list(folder);
        assertThat(clips.clips())
                .extracting(clip -> clip.stream()
                        .map(frame -> folder.relativize(frame).toString())
                        .toList())
                .containsExactly(
                        List.of("a/1.png", "a/02.png"), List.of("b/take_2.png", "b/take_9.png", "b/take_10.png"));
        List<double[]> seen = new ArrayList<>();
        try (VideoFeatures network = VideoFeatures.load(GRAPHS.resolve("clip_frames_first/model.onnx"), SETTINGS)) {
            assertThat(network.frames()).isEqualTo(2);
            clips.features(network, 2, CANCELLATION, (features, done) -> {
                seen.add(features);
                assertThat(done).isEqualTo(seen.size());
            });
        }
        assertThat(seen).hasSize(2);
    }

    @Test
    void pictures_damagedFile_isNamed() throws IOException {
        write("a.png", plain(8, 8, 0, 0, 0));
        byte[] whole = Files.readAllBytes(folder.resolve("a.png"));
        Files.write(folder.resolve("b.png"), Arrays.copyOf(whole, whole.length - 20));
        PictureFolder pictures = PictureFolder.list(folder);
        try (FeatureNetwork network = FeatureNetwork.load(GRAPHS.resolve("mean_colour"), SETTINGS)) {
            assertThatExceptionOfType(EvaluationException.class)
                    .isThrownBy(() -> pictures.features(network, CANCELLATION, (_, _) -> {}))
                    .withMessageContaining("b.png")
                    .extracting(EvaluationException::reason)
                    .isEqualTo(Reason.UNREADABLE);
        }
    }

    @Test
    void list_folderWithoutPictures_isRefused() {
        assertThatExceptionOfType(EvaluationException.class).isThrownBy(() -> PictureFolder.list(folder));
        assertThatExceptionOfType(EvaluationException.class)
                .isThrownBy(() -> PictureFolder.list(folder.resolve("nowhere")))
                .withMessageContaining("is not a folder");
    }

    private void write(String name, RgbImage image) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.write(file, PngWriter.encode(image, ""));
    }
}
