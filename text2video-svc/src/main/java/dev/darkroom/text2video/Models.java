// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2video;

import dev.darkroom.inference.diffusion.StepBatcher;
import dev.darkroom.inference.onnx.InterpolationModel;
import dev.darkroom.inference.onnx.ModelDirectory;
import dev.darkroom.inference.video.VideoEncoders;
import dev.darkroom.rpc.Fault;
import dev.darkroom.rpc.Preparation;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is loaded: models, the stages after them, encoders. Thread-safe; empty until {@link #prepare} has returned, before which no request arrives. */
@Singleton
final class Models implements Preparation {
    private static final Logger LOG = LoggerFactory.getLogger(Models.class);

    private final TextToVideoConfiguration configuration;
    private final StepBatcher batcher;
    private final Pace pace = new Pace();
    private volatile List<VideoFolder> videos = List.of();
    private volatile @Nullable SpatialStage spatial;
    private volatile @Nullable TemporalStage temporal;
    private volatile @Nullable VideoEncoders encoders;

    Models(TextToVideoConfiguration configuration) {
        this.configuration = configuration;
        this.batcher = StepBatcher.start(configuration.mostLanes());
    }

    @Override
    public void prepare() throws IOException {
        long start = System.nanoTime();
        encoders = VideoEncoders.probe(Files.createDirectories(configuration.clips()));
        LOG.info("event=encoders_probed formats={}", encoders().available());
        for (Path folder : videoFolders()) {
            VideoFolder video = VideoFolder.load(folder, configuration);
            videos = Stream.concat(videos.stream(), Stream.of(video)).toList();
        }
        Optional<Path> upscaler = folder(configuration.upscaler(), Models::isUpscaler);
        spatial =
                upscaler.map(folder -> SpatialStage.load(folder, configuration)).orElse(null);
        Optional<Path> interpolator = folder(configuration.interpolator(), Models::isInterpolator);
        temporal = interpolator
                .map(folder -> TemporalStage.load(folder, configuration))
                .orElse(null);
        if (configuration.probe()) {
            videos.forEach(video -> video.pipeline().tune(batcher.lanes()));
            spatial().ifPresent(stage -> stage.tune(batcher.lanes()));
        }
        LOG.info(
                "event=models_loaded models={} upscaler={} interpolator={} load_ms={}",
                videos.stream().map(VideoFolder::name).toList(),
                upscaler.map(Path::getFileName).orElse(null),
                interpolator.map(Path::getFileName).orElse(null),
                (System.nanoTime() - start) / 1_000_000);
    }

    private List<Path> videoFolders() throws IOException {
        Path root = configuration.modelsDirectory();
        List<Path> folders = configuration.models().isEmpty()
                ? folders(Models::isVideo)
                : configuration.models().stream().map(root::resolve).toList();
        if (folders.isEmpty()) {
            throw new IOException(
                    "No folder whose model_index.json names TextToVideoSDPipeline or AnimateDiffPipeline in "
                            + root.toAbsolutePath());
        }
        return folders;
    }

    private Optional<Path> folder(String named, Predicate<Path> kind) throws IOException {
        return switch (named) {
            case TextToVideoConfiguration.NONE -> Optional.empty();
            case "" -> folders(kind).stream().findFirst();
            default -> Optional.of(configuration.modelsDirectory().resolve(named));
        };
    }

    private List<Path> folders(Predicate<Path> kind) throws IOException {
        try (Stream<Path> children = Files.list(configuration.modelsDirectory())) {
            return children.filter(Files::isDirectory).filter(kind).sorted().toList();
        }
    }

    private static boolean isVideo(Path folder) {
        return TextToVideoPipeline.Family.of(pipeline(folder)).isPresent();
    }

    private static boolean isUpscaler(Path folder) {
        return pipeline(folder).endsWith("StableDiffusionUpscalePipeline");
    }

    private static String pipeline(Path folder) {
        return Files.isRegularFile(folder.resolve("model_index.json"))
                ? ModelDirectory.open(folder).index().path("_class_name").asText()
                : "";
    }

    private static boolean isInterpolator(Path folder) {
        return Files.isRegularFile(folder.resolve("config.json"))
                && Files.isRegularFile(folder.resolve("model.onnx"))
                && InterpolationModel.isOne(folder);
    }

    List<VideoFolder> videos() {
        return videos;
    }

    /** Returns the model of that name; an empty name means the first one. */
    VideoFolder named(String name) {
        return videos.stream()
                .filter(video -> name.isEmpty() || video.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new Fault.NotFound(
                        "MODEL_UNKNOWN",
                        "model",
                        name,
                        videos.stream().map(VideoFolder::name).toList()));
    }

    Optional<SpatialStage> spatial() {
        return Optional.ofNullable(spatial);
    }

    Optional<TemporalStage> temporal() {
        return Optional.ofNullable(temporal);
    }

    VideoEncoders encoders() {
        VideoEncoders probed = encoders;
        if (probed == null) {
            throw new IllegalStateException("not prepared");
        }
        return probed;
    }

    /** Returns what makes the network calls of all requests. */
    StepBatcher batcher() {
        return batcher;
    }

    /** Returns how long stages took lately. */
    Pace pace() {
        return pace;
    }

    @PreDestroy
    void close() {
        batcher.close();
        videos.forEach(VideoFolder::close);
        spatial().ifPresent(SpatialStage::close);
        temporal().ifPresent(TemporalStage::close);
        videos = List.of();
        spatial = null;
        temporal = null;
    }
}
