// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.network;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.OnnxModel;
import dev.darkroom.inference.onnx.OrtModel;
import dev.darkroom.inference.onnx.SessionSettings;
import dev.darkroom.inference.onnx.TensorSpec;
import dev.darkroom.inference.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Any graph that takes pictures, (N, 3, H, W), and gives rows, (N, D) or (N, D, 1, 1): the first such output. Inception-v3 cut after its
 * last pooling gives FID's features, with its bias-less logits for an output IS's.
 */
final class OnnxFeatures implements FeatureNetwork {
    private final String name;
    private final OnnxModel model;
    private final Preprocessing preprocessing;
    private final TensorSpec input;
    private final TensorSpec output;

    private OnnxFeatures(Path graph, OnnxModel model) {
        this.name = Objects.requireNonNull(graph.getFileName()).toString();
        this.model = model;
        this.input = input(model.inputs());
        this.output = output(model.outputs());
        this.preprocessing = Preprocessing.beside(graph, input.dim(2), input.dim(3));
    }

    static OnnxFeatures load(Path graph, SessionSettings settings) {
        OnnxModel model = OrtModel.load(graph, settings);
        try {
            return new OnnxFeatures(graph, model);
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }

    private static TensorSpec input(List<TensorSpec> inputs) {
        if (inputs.size() != 1 || !takesPictures(inputs.getFirst())) {
            throw new ModelDirectoryException(
                    "features", "inputs", "one, pictures as (N or 1, 3, height, width)", shapes(inputs));
        }
        return inputs.getFirst();
    }

    private static boolean takesPictures(TensorSpec input) {
        return input.rank() == 4 && input.dim(0) <= 1 && (input.dim(1) == 3 || input.dim(1) < 0);
    }

    static TensorSpec output(List<TensorSpec> outputs) {
        return outputs.stream()
                .filter(OnnxFeatures::isRow)
                .findFirst()
                .orElseThrow(() -> new ModelDirectoryException(
                        "features", "outputs", "one of rows, (N, D) or (N, D, 1, 1)", shapes(outputs)));
    }

    private static boolean isRow(TensorSpec output) {
        return output.rank() == 2 || (output.rank() == 4 && output.dim(2) == 1 && output.dim(3) == 1);
    }

    static String shapes(List<TensorSpec> tensors) {
        return tensors.stream().map(it -> it.name() + it.dims()).toList().toString();
    }

    @Override
    public String name() {
        return name + " " + output.name();
    }

    @Override
    public String preprocessing() {
        return preprocessing.words();
    }

    @Override
    public double[] features(RgbImage image, Cancellation cancellation) {
        Tensor pixels = preprocessing.processor().pixelValues(image);
        Map<String, Tensor> answers = model.run(Map.of(input.name(), pixels), Set.of(output.name()), cancellation);
        return FeatureNetwork.widened(
                Objects.requireNonNull(answers.get(output.name())).data());
    }

    @Override
    public void close() {
        model.close();
    }
}
