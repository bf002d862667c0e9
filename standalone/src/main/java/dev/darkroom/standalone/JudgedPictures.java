// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import dev.darkroom.evaluation.Bootstrap;
import dev.darkroom.evaluation.Interval;
import dev.darkroom.evaluation.feature.FeatureReservoir;
import dev.darkroom.evaluation.feature.Features;
import dev.darkroom.evaluation.network.FeatureNetwork;
import dev.darkroom.evaluation.network.PictureFolder;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.onnx.SessionSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** One set of pictures, and the network that tells their classes. */
final class JudgedPictures {
    @Option(names = "--fake", required = true, paramLabel = "DIR", description = "Folder of pictures to judge.")
    private Path fake = Path.of("");

    @Option(
            names = "--features",
            required = true,
            paramLabel = "MODEL",
            description =
                    "An .onnx file that takes pictures and gives logits, one number for each class, prepared as a preprocessor_config.json beside it"
                            + " says. Inception-v3 without its last bias gives torch-fidelity's values.")
    private Path model = Path.of("");

    @Option(
            names = "--sample",
            defaultValue = "50000",
            paramLabel = "N",
            description = "Pictures that count, chosen fairly. Default: ${DEFAULT-VALUE}.")
    private int sample;

    @Mixin
    private BootstrapOption bootstrap = new BootstrapOption();

    /** The set, seen. */
    record Seen(PictureFolder pictures, Features logits, String network, String preprocessing) {}

    /** Shows all pictures to the network. */
    Seen look(Progress progress) throws IOException {
        try (FeatureNetwork network = FeatureNetwork.load(model, SessionSettings.cpu())) {
            PictureFolder pictures = PictureFolder.list(fake);
            FeatureReservoir kept = new FeatureReservoir(sample, 0);
            pictures.features(network, new Cancellation(), (logits, done) -> {
                kept.add(logits);
                progress.count("pictures", done, pictures.files().size());
            });
            progress.clear();
            return new Seen(pictures, kept.features(), network.name(), network.preprocessing());
        }
    }

    @Nullable
    Interval interval(Function<Bootstrap, Interval> of) {
        return bootstrap.interval(of);
    }
}
