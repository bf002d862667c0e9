// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.InferenceException;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.TreeSet;

/**
 * A network that draws the frame between two: a folder with {@code config.json} and {@code model.onnx} whose inputs are {@code img0}, {@code img1} and
 * {@code timestep}, as exports of RIFE have them too. Thread-safe; {@link #close} when no call is in progress.
 */
public final class InterpolationModel implements AutoCloseable {
    private static final String COMPONENT = "model";

    private final ModelDirectory directory;
    private final OrtModel model;
    private final Fingerprint fingerprint;
    private final TensorSpec before;
    private final TensorSpec after;
    private final TensorSpec timestep;
    private final TensorSpec output;
    private final int multipleOf;

    private InterpolationModel(ModelDirectory directory, OrtModel model, Fingerprint fingerprint) {
        this.directory = directory;
        this.model = model;
        this.fingerprint = fingerprint;
        GraphCheck check = new GraphCheck(COMPONENT, model);
        this.before = picture(check, check.input("img0", GraphCheck.FLOATS, 4));
        this.after = picture(check, check.input("img1", GraphCheck.FLOATS, 4));
        this.timestep = check.input("timestep", GraphCheck.FLOATS, 4);
        check.onlyInputs(List.of("img0", "img1", "timestep"));
        this.output = picture(check, check.onlyOutput("output", GraphCheck.FLOATS, 4));
        this.multipleOf = directory.config().path("multiple_of").asInt(32);
        if (multipleOf < 1) {
            throw check.refuse("multiple_of in config.json", "at least 1", Integer.toString(multipleOf));
        }
    }

    private static TensorSpec picture(GraphCheck check, TensorSpec tensor) {
        check.rows(tensor);
        check.dimension(tensor, 1, 3, "red, green and blue");
        return tensor;
    }

    /**
     * Tells whether a folder is one by its {@code config.json}: {@code _class_name} ends in "Interpolation" or begins with "RIFE" or "IFNet".
     *
     * @throws ModelDirectoryException if the folder has no readable {@code config.json}
     */
    public static boolean isOne(Path folder) {
        String name = ModelDirectory.openTransformers(folder)
                .config()
                .path("_class_name")
                .asText();
        return name.endsWith("Interpolation") || name.startsWith("RIFE") || name.startsWith("IFNet");
    }

    /**
     * Loads the session. The caller closes the model.
     *
     * @throws ModelDirectoryException if the folder does not fit; nothing stays open
     * @throws InferenceException if the provider is not available
     */
    public static InterpolationModel load(Path folder, SessionSettings settings) {
        ModelDirectory directory = ModelDirectory.openTransformers(folder);
        Path graph = directory.file(COMPONENT, "model.onnx");
        NavigableSet<Path> deciding = new TreeSet<>();
        deciding.add(directory.file("folder", "config.json"));
        ModelDigest.addGraph(directory, COMPONENT, graph, deciding);
        OrtModel.requireProvider(settings);
        Fingerprint fingerprint = Fingerprint.of(ModelDigest.of(directory, deciding), settings);
        OrtModel model = OrtModel.load(COMPONENT, graph, settings);
        try {
            return new InterpolationModel(directory, model, fingerprint);
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }

    public ModelDirectory directory() {
        return directory;
    }

    public Fingerprint fingerprint() {
        return fingerprint;
    }

    /** Returns what height and width of its pictures must be multiples of. */
    public int multipleOf() {
        return multipleOf;
    }

    /**
     * Returns the picture (1, 3, H, W) in 0..1 at a time between two of the same shape.
     *
     * @param time above 0, where {@code first} is, and below 1, where {@code second} is
     */
    public Tensor between(Tensor first, Tensor second, float time, Cancellation cancellation) {
        Map<String, Tensor> values = Map.of(
                before.name(), first,
                after.name(), second,
                timestep.name(), plane(time, first));
        return Objects.requireNonNull(model.run(values, cancellation).get(output.name()));
    }

    /** Some exports take the time as a plane of the pictures' size. */
    private Tensor plane(float time, Tensor picture) {
        if (timestep.dim(2) == 1) {
            return Tensor.of(new float[] {time}, 1, 1, 1, 1);
        }
        float[] values = new float[picture.dim(2) * picture.dim(3)];
        Arrays.fill(values, time);
        return Tensor.of(values, 1, 1, picture.dim(2), picture.dim(3));
    }

    @Override
    public void close() {
        model.close();
    }
}
