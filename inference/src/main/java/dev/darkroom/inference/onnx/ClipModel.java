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
import dev.darkroom.inference.tokenizer.ClipTokenizer;
import dev.darkroom.inference.tokenizer.Encoding;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A CLIP folder, loaded (Radford et al. 2021, arXiv:2103.00020): pictures and texts become points on one unit sphere, near each other
 * where they mean the same. Exports differ in whether they normalise; here every embedding has length 1.
 *
 * <p>Takes graphs {@code vision_model.onnx} and {@code text_model.onnx}, the latter optional, or Optimum's joint {@code model.onnx}, which
 * costs both towers for each embedding. Thread-safe; {@link #close} when no call is in progress.
 */
public final class ClipModel implements AutoCloseable {
    private static final Set<String> TYPES = Set.of("clip", "clip_vision_model");
    private static final Set<String> TEXT_INPUTS = Set.of("input_ids", "attention_mask");

    private final ModelDirectory directory;
    private final ImageProcessor processor;
    private final int imageSize;
    private final int width;
    private final OnnxModel vision;
    private final @Nullable Text text;
    private final Fingerprint fingerprint;

    private record Text(OnnxModel model, ClipTokenizer tokenizer) {}

    private ClipModel(ClipFiles files, List<OnnxModel> sessions, Fingerprint fingerprint) {
        JsonNode config = files.directory().config();
        JsonNode visionConfig = config.has("vision_config") ? config.path("vision_config") : config;
        this.directory = files.directory();
        this.imageSize = visionConfig.path("image_size").asInt(224);
        this.width = config.path("projection_dim").asInt(512);
        this.processor = ImageProcessor.of(directory.preprocessorConfig(), "CLIPImageProcessor");
        processor.requireSquare(imageSize, "image_size of the vision tower");
        this.vision = sessions.getFirst();
        checkVision(files.graphs().getFirst());
        this.text = files.graphs().getLast().text()
                ? text(config.path("text_config"), files.graphs().getLast(), sessions.getLast())
                : null;
        this.fingerprint = fingerprint;
    }

    /**
     * Loads the folder. The caller closes the model.
     *
     * @throws ModelDirectoryException if the folder does not fit; nothing stays open
     * @throws InferenceException if the provider is not available
     */
    public static ClipModel load(Path folder, SessionSettings settings) {
        OrtModel.requireProvider(settings);
        ModelDirectory directory = ModelDirectory.openTransformers(folder);
        requireType(directory.config().path("model_type").asText("none"));
        ClipFiles files = ClipFiles.of(directory);
        List<OnnxModel> sessions = new ArrayList<>();
        try {
            for (ClipFiles.Part part : files.graphs()) {
                sessions.add(OrtModel.load(part.component(), part.graph(), settings));
            }
            return new ClipModel(files, sessions, Fingerprint.of(files.digest(), settings));
        } catch (RuntimeException e) {
            sessions.forEach(OnnxModel::close);
            throw e;
        }
    }

    private static void requireType(String type) {
        if (!TYPES.contains(type)) {
            throw new ModelDirectoryException(
                    "folder",
                    "config.json, model_type",
                    TYPES.stream().sorted().toList().toString(),
                    type);
        }
    }

    private void checkVision(ClipFiles.Part part) {
        GraphCheck check = new GraphCheck(part.component(), vision);
        TensorSpec pixels = check.input("pixel_values", GraphCheck.FLOATS, 4);
        check.dimension(pixels, 1, 3, "red, green and blue");
        check.dimension(pixels, 2, imageSize, "image_size of the vision tower");
        check.dimension(pixels, 3, imageSize, "image_size of the vision tower");
        check.onlyInputs(known(part));
        check.dimension(check.output("image_embeds", GraphCheck.FLOATS, 2), 1, width, "projection_dim");
    }

    private Text text(JsonNode config, ClipFiles.Part part, OnnxModel model) {
        ClipTokenizer tokenizer = ClipTokenizer.load(
                directory.root(), config.path("max_position_embeddings").asInt(77));
        GraphCheck check = new GraphCheck(part.component(), model);
        TensorSpec ids = check.input("input_ids", GraphCheck.INTEGERS, 2);
        check.dimension(ids, 1, tokenizer.window(), "the tokenizer's window");
        check.onlyInputs(known(part));
        check.dimension(check.output("text_embeds", GraphCheck.FLOATS, 2), 1, width, "projection_dim");
        int vocabulary = config.path("vocab_size").asInt(49408);
        if (tokenizer.size() > vocabulary) {
            throw new ModelDirectoryException(
                    "tokenizer",
                    "ids",
                    "below vocab_size " + vocabulary + " of the text tower",
                    "up to " + (tokenizer.size() - 1));
        }
        return new Text(model, tokenizer);
    }

    private static Set<String> known(ClipFiles.Part part) {
        Set<String> known = new LinkedHashSet<>();
        if (part.vision()) {
            known.add("pixel_values");
        }
        if (part.text()) {
            known.addAll(TEXT_INPUTS);
        }
        return known;
    }

    public ModelDirectory directory() {
        return directory;
    }

    public Fingerprint fingerprint() {
        return fingerprint;
    }

    /** Returns the length of an embedding's array, {@code projection_dim} of the folder. */
    public int width() {
        return width;
    }

    /** Returns the width and height that pictures are brought to, in pixels. */
    public int imageSize() {
        return imageSize;
    }

    /** Tells whether the folder has a text tower. */
    public boolean readsText() {
        return text != null;
    }

    /**
     * Returns a picture's point on the sphere; any size of picture.
     *
     * @throws java.util.concurrent.CancellationException within one graph node after {@code cancellation} is cancelled
     * @throws InferenceException if the runtime fails, or the model's output has no direction
     */
    public float[] embedImage(RgbImage image, Cancellation cancellation) {
        Map<String, Tensor> inputs = new HashMap<>(text == null ? Map.of() : ids(text.tokenizer.encode("")));
        inputs.put("pixel_values", processor.pixelValues(image));
        return embed(vision, inputs, "image_embeds", cancellation);
    }

    /**
     * Returns a text's point on the sphere. What the text has beyond the tower's window is not seen.
     *
     * @throws IllegalArgumentException if the folder has no text tower
     */
    public float[] embedText(String words, Cancellation cancellation) {
        if (text == null) {
            throw new IllegalArgumentException(directory.name() + " has no text tower");
        }
        Map<String, Tensor> inputs = new HashMap<>(ids(text.tokenizer.encode(words)));
        inputs.put("pixel_values", Tensor.zeros(1, 3, imageSize, imageSize));
        return embed(text.model, inputs, "text_embeds", cancellation);
    }

    /**
     * Returns the most tokens that the text tower sees of a text, start and end included.
     *
     * @throws IllegalArgumentException if the folder has no text tower
     */
    public int textWindow() {
        return tower().tokenizer.window();
    }

    /** Tells whether the text tower sees all of a text. Fails as {@link #textWindow} does. */
    public boolean seesAllOf(String words) {
        return tower().tokenizer.encode(words).dropped() == 0;
    }

    private Text tower() {
        if (text == null) {
            throw new IllegalArgumentException(directory.name() + " has no text tower");
        }
        return text;
    }

    /**
     * Returns what cosines are multiplied by before a softmax: {@code logit_scale} as it was trained, where the folder has safetensors, and
     * 100, where released models arrive, otherwise.
     */
    public float logitScale() {
        return LogitScale.of(directory);
    }

    private static Map<String, Tensor> ids(Encoding encoding) {
        float[] mask = new float[encoding.ids().dim(1)];
        Arrays.fill(mask, 0, encoding.length(), 1);
        return Map.of("input_ids", encoding.ids(), "attention_mask", Tensor.of(mask, 1, mask.length));
    }

    /** Runs a graph on those of the inputs that it takes: a joint one takes all of them. */
    private static float[] embed(
            OnnxModel model, Map<String, Tensor> inputs, String output, Cancellation cancellation) {
        inputs.keySet().retainAll(model.inputs().stream().map(TensorSpec::name).toList());
        return unit(Objects.requireNonNull(model.run(inputs, cancellation).get(output))
                .data());
    }

    private static float[] unit(float[] values) {
        double squares = 0;
        for (float value : values) {
            squares += (double) value * value;
        }
        double length = Math.sqrt(squares);
        if (!(length > 0 && length < Double.POSITIVE_INFINITY)) {
            throw new InferenceException("an embedding of length " + length);
        }
        float[] unit = new float[values.length];
        for (int i = 0; i < unit.length; i++) {
            unit[i] = (float) (values[i] / length);
        }
        return unit;
    }

    @Override
    public void close() {
        vision.close();
        if (text != null) {
            text.model.close();
        }
    }
}
