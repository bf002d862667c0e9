// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import dev.darkroom.evaluation.Bootstrap;
import dev.darkroom.evaluation.Interval;
import dev.darkroom.evaluation.feature.FeatureReservoir;
import dev.darkroom.evaluation.feature.FeatureStatistics;
import dev.darkroom.evaluation.feature.Features;
import dev.darkroom.evaluation.feature.SavedStatistics;
import dev.darkroom.evaluation.network.FeatureNetwork;
import dev.darkroom.evaluation.network.PictureFolder;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.onnx.SessionSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Two sets of pictures, and the network that sees them. Memory does not grow with the number of pictures beyond the sample. */
final class ComparedPictures {

    @Option(
            names = "--real",
            required = true,
            paramLabel = "DIR",
            description = "Folder of pictures to compare with. For fid also a file of --save-real.")
    private Path real = Path.of("");

    @Option(names = "--fake", required = true, paramLabel = "DIR", description = "Folder of pictures to judge.")
    private Path fake = Path.of("");

    @Option(
            names = "--features",
            paramLabel = "MODEL",
            description =
                    "What sees the pictures: a CLIP folder, or an .onnx file that takes pictures and gives rows, prepared as a preprocessor_config.json"
                            + " beside it says. Default: pocket-clip.")
    private @Nullable Path model;

    @Option(
            names = "--sample",
            defaultValue = "10000",
            paramLabel = "N",
            description =
                    "Pictures of each set whose features are kept, chosen fairly: all that kid, cmmd, prdc and intervals look at. Default: ${DEFAULT-VALUE}.")
    private int sample;

    @Mixin
    private BootstrapOption bootstrap = new BootstrapOption();

    /**
     * One set, seen.
     *
     * @param sample null for saved statistics
     */
    record Set(
            Path from,
            long count,
            Map<String, Long> formats,
            FeatureStatistics statistics,
            @Nullable FeatureReservoir sample) {

        boolean isSaved() {
            return sample == null;
        }

        Features features() {
            if (sample == null) {
                throw new IllegalArgumentException(
                        "--real " + from + ": saved statistics are enough for fid only; give the folder of pictures");
            }
            return sample.features();
        }
    }

    /** Both sets, and what saw them. */
    record Seen(Set real, Set fake, String network, String preprocessing) {
        EvaluationReport report() {
            return EvaluationReport.of(this);
        }

        void saveReal(Path file) throws IOException {
            new SavedStatistics(network, preprocessing, real.statistics).write(file);
        }
    }

    /** Shows all pictures to the network. */
    Seen look(Progress progress) throws IOException {
        Path features = model == null ? ServeOptions.shippedModels().resolve("pocket-clip") : model;
        try (FeatureNetwork network = FeatureNetwork.load(features, SessionSettings.cpu())) {
            @Nullable PictureFolder realPictures = Files.isRegularFile(real) ? null : PictureFolder.list(real);
            PictureFolder fakePictures = PictureFolder.list(fake);
            Set realSet =
                    realPictures == null ? saved(network) : look(network, realPictures, "real pictures", progress);
            Set fakeSet = look(network, fakePictures, "fake pictures", progress);
            progress.clear();
            return new Seen(realSet, fakeSet, network.name(), network.preprocessing());
        }
    }

    private Set saved(FeatureNetwork network) throws IOException {
        SavedStatistics saved = SavedStatistics.read(real);
        saved.requireNetwork(network.name(), network.preprocessing());
        return new Set(real, saved.statistics().count(), Map.of(), saved.statistics(), null);
    }

    private Set look(FeatureNetwork network, PictureFolder pictures, String what, Progress progress)
            throws IOException {
        FeatureReservoir kept = new FeatureReservoir(sample, 0);
        Gatherer gatherer = new Gatherer();
        pictures.features(network, new Cancellation(), (features, done) -> {
            gatherer.statistics(features.length).add(features);
            kept.add(features);
            progress.count(what, done, pictures.files().size());
        });
        return new Set(
                pictures.folder(),
                kept.seen(),
                pictures.formats(),
                gatherer.statistics(kept.features().width()),
                kept);
    }

    /** Statistics of the length that the first feature has. */
    private static final class Gatherer {
        private @Nullable FeatureStatistics statistics;

        FeatureStatistics statistics(int width) {
            if (statistics == null) {
                statistics = new FeatureStatistics(width);
            }
            return statistics;
        }
    }

    @Nullable
    Interval interval(Function<Bootstrap, Interval> of) {
        return bootstrap.interval(of);
    }
}
