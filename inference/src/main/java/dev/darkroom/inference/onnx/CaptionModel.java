// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import com.fasterxml.jackson.databind.JsonNode;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.InferenceException;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.image.ImageProcessor;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.tensor.Tensor;
import dev.darkroom.inference.tokenizer.CaptionTokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A folder of transformers' {@code VisionEncoderDecoderModel}, loaded: a vision encoder and a text decoder that attends to it, as
 * Optimum and {@code darkroom-export} write them. Thread-safe; {@link #close} when no call is in progress.
 */
public final class CaptionModel implements AutoCloseable {
    private static final String TYPE = "vision-encoder-decoder";

    private final ModelDirectory directory;
    private final ImageProcessor processor;
    private final int imageSize;
    private final OnnxModel encoder;
    private final TextDecoder decoder;
    private final CaptionTokenizer tokenizer;
    private final Fingerprint fingerprint;

    private CaptionModel(CaptionFiles files, List<OnnxModel> sessions, Fingerprint fingerprint) {
        this.directory = files.directory();
        JsonNode config = directory.config();
        this.imageSize = config.path("encoder").path("image_size").asInt(224);
        this.processor = ImageProcessor.of(directory.preprocessorConfig(), "ViTImageProcessor");
        processor.requireSquare(imageSize, "image_size of the encoder");
        this.encoder = sessions.getFirst();
        checkEncoder();
        this.decoder = TextDecoder.of(files.cache(), sessions.subList(1, sessions.size()), config.path("decoder"));
        this.tokenizer = CaptionTokenizer.load(directory.root());
        if (tokenizer.size() > decoder.vocabularySize()) {
            throw new ModelDirectoryException(
                    "tokenizer",
                    "ids",
                    "below vocab_size " + decoder.vocabularySize() + " of the decoder",
                    "up to " + (tokenizer.size() - 1));
        }
        this.fingerprint = fingerprint;
    }

    /**
     * Loads the folder. The caller closes the model.
     *
     * @throws ModelDirectoryException if the folder does not fit; nothing stays open
     * @throws InferenceException if the provider is not available
     */
    public static CaptionModel load(Path folder, SessionSettings settings) {
        OrtModel.requireProvider(settings);
        ModelDirectory directory = ModelDirectory.openTransformers(folder);
        String type = directory.config().path("model_type").asText("none");
        if (!type.equals(TYPE)) {
            throw new ModelDirectoryException("folder", "config.json, model_type", TYPE, type);
        }
        CaptionFiles files = CaptionFiles.of(directory);
        List<OnnxModel> sessions = new ArrayList<>();
        try {
            sessions.add(OrtModel.load("encoder_model", files.encoder(), settings));
            for (Path graph : files.decoders()) {
                sessions.add(OrtModel.load("decoder_model", graph, settings));
            }
            return new CaptionModel(files, sessions, Fingerprint.of(files.digest(), settings));
        } catch (RuntimeException e) {
            sessions.forEach(OnnxModel::close);
            throw e;
        }
    }

    private void checkEncoder() {
        GraphCheck check = new GraphCheck("encoder_model", encoder);
        TensorSpec pixels = check.input("pixel_values", GraphCheck.FLOATS, 4);
        check.dimension(pixels, 1, 3, "red, green and blue");
        check.dimension(pixels, 2, imageSize, "image_size of the encoder");
        check.dimension(pixels, 3, imageSize, "image_size of the encoder");
        check.onlyInputs(List.of("pixel_values"));
        check.output("last_hidden_state", GraphCheck.FLOATS, 3);
    }

    public ModelDirectory directory() {
        return directory;
    }

    public Fingerprint fingerprint() {
        return fingerprint;
    }

    /** Returns the width and height that pictures are brought to, in pixels. */
    public int imageSize() {
        return imageSize;
    }

    public TextDecoder decoder() {
        return decoder;
    }

    public CaptionTokenizer tokenizer() {
        return tokenizer;
    }

    /** Returns a picture's pixels as the encoder takes them, (1, 3, size, size); any size of picture. */
    public Tensor pixelValues(RgbImage image) {
        return processor.pixelValues(image);
    }

    /**
     * Returns what the encoder sees, (1, T, D).
     *
     * @param pixelValues (1, 3, size, size)
     * @throws java.util.concurrent.CancellationException within one graph node after {@code cancellation} is cancelled
     * @throws InferenceException if the runtime fails
     */
    public Tensor encode(Tensor pixelValues, Cancellation cancellation) {
        return Objects.requireNonNull(
                encoder.run(Map.of("pixel_values", pixelValues), cancellation).get("last_hidden_state"));
    }

    @Override
    public void close() {
        encoder.close();
        decoder.close();
    }
}
