// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.onnx.LatentDiffusionModel;
import dev.darkroom.inference.onnx.ModelDirectory;
import dev.darkroom.inference.onnx.PixArtModel;
import dev.darkroom.inference.onnx.SessionSettings;
import dev.darkroom.inference.onnx.StableDiffusionModel;
import dev.darkroom.inference.onnx.StableDiffusionXlModel;
import dev.darkroom.inference.onnx.StableDiffusionXlRefinerModel;
import java.nio.file.Files;
import java.util.Set;
import java.util.function.BiFunction;

/** Which pipeline runs a folder: the one place that knows the class names of model_index.json. */
final class Families {
    private static final Set<String> KNOWN = Set.of(
            "StableDiffusionPipeline",
            "StableDiffusionImg2ImgPipeline",
            "StableDiffusionXLPipeline",
            "StableDiffusionXLImg2ImgPipeline",
            "LatentConsistencyModelPipeline",
            "LatentConsistencyModelImg2ImgPipeline",
            "PixArtAlphaPipeline",
            "PixArtSigmaPipeline");

    private Families() {}

    /** Tells whether a pipeline of that class draws pictures here. */
    static boolean has(String className) {
        return KNOWN.contains(torchName(className));
    }

    /** Exporters put their own mark before the name. */
    private static String torchName(String className) {
        return className.replaceFirst("^(Onnx|ORT)", "");
    }

    /**
     * Loads a folder and runs each of its networks once. The caller closes the pipeline.
     *
     * @throws ModelDirectoryException if the folder does not fit, or its pipeline is none of ours; nothing stays open
     */
    static Pipeline open(ModelDirectory directory, TextToImageConfiguration configuration) {
        SessionSettings settings = configuration.sessionSettings();
        String className = directory.index().path("_class_name").asText();
        return switch (torchName(className)) {
            case "StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline" ->
                pipeline(StableDiffusionModel.load(directory, settings), configuration, StableDiffusionPipeline::new);
            case "LatentConsistencyModelPipeline", "LatentConsistencyModelImg2ImgPipeline" ->
                pipeline(StableDiffusionModel.load(directory, settings), configuration, LatentConsistencyPipeline::new);
            case "StableDiffusionXLPipeline", "StableDiffusionXLImg2ImgPipeline" -> xl(directory, configuration);
            case "PixArtAlphaPipeline" -> pixArt(directory, PixArtPipeline.ALPHA_SEQUENCE_LENGTH, configuration);
            case "PixArtSigmaPipeline" -> pixArt(directory, PixArtPipeline.SIGMA_SEQUENCE_LENGTH, configuration);
            default ->
                throw new ModelDirectoryException(
                        "folder",
                        "_class_name in model_index.json",
                        "one of " + KNOWN.stream().sorted().toList(),
                        className.isEmpty() ? "none" : className);
        };
    }

    /** The refiner is the base model's class without the first text encoder. */
    private static Pipeline xl(ModelDirectory directory, TextToImageConfiguration configuration) {
        SessionSettings settings = configuration.sessionSettings();
        return Files.isDirectory(directory.root().resolve("text_encoder"))
                ? pipeline(
                        StableDiffusionXlModel.load(directory, settings), configuration, StableDiffusionXlPipeline::new)
                : pipeline(
                        StableDiffusionXlRefinerModel.load(directory, settings),
                        configuration,
                        StableDiffusionXlRefinerPipeline::new);
    }

    private static Pipeline pixArt(
            ModelDirectory directory, int maxSequenceLength, TextToImageConfiguration configuration) {
        return pipeline(
                PixArtModel.load(directory, maxSequenceLength, configuration.sessionSettings()),
                configuration,
                PixArtPipeline::new);
    }

    private static <M extends LatentDiffusionModel> Pipeline pipeline(
            M networks,
            TextToImageConfiguration configuration,
            BiFunction<M, TextToImageConfiguration, Pipeline> constructor) {
        try {
            return constructor.apply(networks, configuration);
        } catch (RuntimeException e) {
            networks.close();
            throw e;
        }
    }
}
