// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import dev.darkroom.evaluation.Bootstrap;
import dev.darkroom.evaluation.Interval;
import dev.darkroom.evaluation.feature.FeatureReservoir;
import dev.darkroom.evaluation.feature.Features;
import dev.darkroom.evaluation.network.ClipFolder;
import dev.darkroom.evaluation.network.VideoFeatures;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.onnx.SessionSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Two sets of clips, each a folder of frames, and the network that sees them. */
final class ComparedClips {
    @Option(
            names = "--real",
            required = true,
            paramLabel = "DIR",
            description = "Folder of clips to compare with: a folder of frames for each, in the order of their names.")
    private Path real = Path.of("");

    @Option(names = "--fake", required = true, paramLabel = "DIR", description = "Folder of clips to judge.")
    private Path fake = Path.of("");

    @Option(
            names = "--features",
            required = true,
            paramLabel = "MODEL",
            description =
                    "An .onnx file that takes clips, (N, 3, frames, H, W) as I3D or (N, frames, 3, H, W) as VideoMAE, and gives rows; frames are prepared as a"
                            + " preprocessor_config.json beside it says.")
    private Path model = Path.of("");

    @Option(
            names = "--frames",
            paramLabel = "N",
            description =
                    "Frames from the start of each clip. Default: as many as the network takes, or all where it takes any number.")
    private @Nullable Integer frames;

    @Option(
            names = "--sample",
            defaultValue = "10000",
            paramLabel = "N",
            description = "Clips of each set that count, chosen fairly. Default: ${DEFAULT-VALUE}.")
    private int sample;

    @Mixin
    private BootstrapOption bootstrap = new BootstrapOption();

    /**
     * Both sets, and what saw them.
     *
     * @param frames of each clip; 0 for all of them
     */
    record Seen(
            ClipFolder realClips,
            Features real,
            ClipFolder fakeClips,
            Features fake,
            int frames,
            String network,
            String preprocessing) {}

    /** Shows all clips to the network. */
    Seen look(Progress progress) throws IOException {
        if (frames != null && frames < 1) {
            throw new IllegalArgumentException("--frames " + frames + ": at least 1");
        }
        try (VideoFeatures network = VideoFeatures.load(model, SessionSettings.cpu())) {
            int taken = frames == null ? network.frames() : frames;
            ClipFolder realClips = ClipFolder.list(real);
            ClipFolder fakeClips = ClipFolder.list(fake);
            Features realFeatures = look(network, realClips, taken, "real clips", progress);
            Features fakeFeatures = look(network, fakeClips, taken, "fake clips", progress);
            progress.clear();
            return new Seen(
                    realClips, realFeatures, fakeClips, fakeFeatures, taken, network.name(), network.preprocessing());
        }
    }

    private Features look(VideoFeatures network, ClipFolder clips, int taken, String what, Progress progress)
            throws IOException {
        FeatureReservoir kept = new FeatureReservoir(sample, 0);
        clips.features(network, taken, new Cancellation(), (features, done) -> {
            kept.add(features);
            progress.count(what, done, clips.clips().size());
        });
        return kept.features();
    }

    @Nullable
    Interval interval(Function<Bootstrap, Interval> of) {
        return bootstrap.interval(of);
    }
}
