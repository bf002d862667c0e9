// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.network;

import dev.darkroom.evaluation.EvaluationException;
import dev.darkroom.evaluation.EvaluationException.Reason;
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
 * Sees a clip as a row of numbers, for FVD: any graph that takes (N, 3, frames, H, W), as I3D exports do, or (N, frames, 3, H, W), as
 * VideoMAE's, and gives (N, D). Frames are prepared one by one, as {@link FeatureNetwork} prepares pictures. Thread-safe; {@link #close} when
 * no call is in progress.
 */
public final class VideoFeatures implements AutoCloseable {
    private final String name;
    private final OnnxModel model;
    private final Preprocessing preprocessing;
    private final TensorSpec input;
    private final TensorSpec output;
    private final boolean channelsFirst;

    private VideoFeatures(Path graph, OnnxModel model) {
        this.name = Objects.requireNonNull(graph.getFileName()).toString();
        this.model = model;
        this.input = input(model.inputs());
        this.output = OnnxFeatures.output(model.outputs());
        this.channelsFirst = input.dim(1) == 3;
        this.preprocessing = Preprocessing.beside(graph, input.dim(3), input.dim(4));
    }

    /**
     * Loads a graph. The caller closes it.
     *
     * @throws ModelDirectoryException if it takes no clips
     */
    public static VideoFeatures load(Path graph, SessionSettings settings) {
        OnnxModel model = OrtModel.load(graph, settings);
        try {
            return new VideoFeatures(graph, model);
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }

    private static TensorSpec input(List<TensorSpec> inputs) {
        boolean takesClips = inputs.size() == 1
                && inputs.getFirst().rank() == 5
                && inputs.getFirst().dim(0) <= 1
                && (inputs.getFirst().dim(1) == 3 || inputs.getFirst().dim(2) == 3);
        if (!takesClips) {
            throw new ModelDirectoryException(
                    "features",
                    "inputs",
                    "one, clips as (N or 1, 3, frames, height, width) or (N or 1, frames, 3, height, width)",
                    OnnxFeatures.shapes(inputs));
        }
        return inputs.getFirst();
    }

    /** Returns what values of different networks must not be mixed up by. */
    public String name() {
        return name + " " + output.name();
    }

    /** Returns the only number of frames that clips may have; 0 if they may have any. */
    public int frames() {
        return (int) Math.max(0, input.dim(channelsFirst ? 2 : 1));
    }

    /** Says how frames are prepared. */
    public String preprocessing() {
        return preprocessing.words();
    }

    /**
     * Returns what the network sees in a clip.
     *
     * @throws EvaluationException if the graph takes another number of frames
     */
    public double[] features(List<RgbImage> frames, Cancellation cancellation) {
        int needed = frames();
        if (frames.isEmpty() || (needed > 0 && needed != frames.size())) {
            throw new EvaluationException(
                    Reason.DIMENSION_MISMATCH,
                    "the network takes clips of %s frames, this one has %d"
                            .formatted(needed == 0 ? "any number of" : Integer.toString(needed), frames.size()));
        }
        Tensor stacked = Tensor.concat(
                frames.stream().map(preprocessing.processor()::pixelValues).toList());
        Map<String, Tensor> answers = model.run(
                Map.of(input.name(), channelsFirst ? channelsFirst(stacked) : framesFirst(stacked)),
                Set.of(output.name()),
                cancellation);
        return FeatureNetwork.widened(
                Objects.requireNonNull(answers.get(output.name())).data());
    }

    /** Makes (frames, 3, H, W) to (1, frames, 3, H, W). */
    private static Tensor framesFirst(Tensor frames) {
        return frames.reshape(1, frames.dim(0), frames.dim(1), frames.dim(2), frames.dim(3));
    }

    /** Makes (frames, 3, H, W) to (1, 3, frames, H, W). */
    private static Tensor channelsFirst(Tensor frames) {
        int count = frames.dim(0);
        int plane = frames.dim(2) * frames.dim(3);
        float[] turned = new float[frames.size()];
        for (int i = 0; i < count * 3; i++) {
            System.arraycopy(frames.data(), i * plane, turned, (i % 3 * count + i / 3) * plane, plane);
        }
        return Tensor.of(turned, 1, 3, count, frames.dim(2), frames.dim(3));
    }

    @Override
    public void close() {
        model.close();
    }
}
