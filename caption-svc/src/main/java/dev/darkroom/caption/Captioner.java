// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.caption;

import dev.darkroom.caption.v1.CaptionLimits;
import dev.darkroom.caption.v1.CaptionModel;
import dev.darkroom.caption.v1.CaptionParameters;
import dev.darkroom.caption.v1.EarlyStopping;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.generation.DecoderRows;
import dev.darkroom.inference.generation.GenerationConfig;
import dev.darkroom.inference.generation.GenerationSettings;
import dev.darkroom.inference.generation.Generator;
import dev.darkroom.inference.tensor.Tensor;
import java.nio.file.Path;

/** A folder that describes pictures: what it can do, and the networks that do it. Thread-safe. */
final class Captioner implements AutoCloseable {
    static final int MAX_PREFIX_LENGTH = 200;
    private static final int USUAL_BEAMS = 3;

    private final dev.darkroom.inference.onnx.CaptionModel networks;
    private final GenerationConfig config;
    private final Calibration calibration;
    private final Generator generator;
    private final int rowsPerCall;
    private final CaptionLimits limits;

    private Captioner(dev.darkroom.inference.onnx.CaptionModel networks, CaptionConfiguration configuration) {
        this.networks = networks;
        this.config =
                GenerationConfig.of(networks.directory(), networks.decoder().vocabularySize());
        this.calibration = Calibration.of(networks.directory(), configuration.minConfidence());
        int size = networks.imageSize();
        Tensor black = networks.encode(Tensor.zeros(1, 3, size, size), new Cancellation());
        DecoderRows rows = DecoderRows.probed(
                networks.decoder(),
                black,
                config.rules().decoderStartTokenId(),
                configuration.rowsPerCall(),
                configuration.mostLanes());
        this.rowsPerCall = rows.rowsPerCall();
        this.generator = new Generator(rows);
        this.limits = limits(configuration);
    }

    /**
     * Loads a folder and runs its networks once. The caller closes the captioner.
     *
     * @throws dev.darkroom.inference.ModelDirectoryException if the folder does not fit; nothing stays open
     */
    static Captioner load(Path folder, CaptionConfiguration configuration) {
        var networks = dev.darkroom.inference.onnx.CaptionModel.load(folder, configuration.sessionSettings());
        try {
            return new Captioner(networks, configuration);
        } catch (RuntimeException e) {
            networks.close();
            throw e;
        }
    }

    private CaptionLimits limits(CaptionConfiguration configuration) {
        return CaptionLimits.newBuilder()
                .setMaxNumBeams(configuration.maxNumBeams())
                .setMaxNumReturnSequences(configuration.maxNumReturnSequences())
                .setMaxNewTokens(Math.min(
                        configuration.maxNewTokens(), networks.decoder().window() - 1))
                .setMaxPrefixLength(MAX_PREFIX_LENGTH)
                .setMaxImageBytes(configuration.maxImageBytes())
                .setMaxSize(configuration.maxSize())
                .build();
    }

    String name() {
        return networks.directory().name();
    }

    dev.darkroom.inference.onnx.CaptionModel networks() {
        return networks;
    }

    GenerationConfig config() {
        return config;
    }

    Calibration calibration() {
        return calibration;
    }

    Generator generator() {
        return generator;
    }

    CaptionLimits limits() {
        return limits;
    }

    /** Returns how many rows share a call of the decoder at most. */
    int rowsPerCall() {
        return rowsPerCall;
    }

    /** Returns how many beams a search has that does not say. */
    int usualBeams() {
        int said = config.settings().numBeams();
        return Math.min(said > 1 ? said : USUAL_BEAMS, limits.getMaxNumBeams());
    }

    CaptionModel describe() {
        GenerationSettings usual = config.settings();
        return CaptionModel.newBuilder()
                .setName(name())
                .setModelType(networks.directory().config().path("model_type").asText())
                .setLicense(networks.directory().license().orElse(""))
                .setDefaults(CaptionParameters.newBuilder()
                        .setModel(name())
                        .setNumBeams(usualBeams())
                        .setNumReturnSequences(1)
                        .setLengthPenalty((float) usual.lengthPenalty())
                        .setEarlyStopping(toProto(usual.earlyStopping()))
                        .setNoRepeatNgramSize(usual.noRepeatNgramSize())
                        .setRepetitionPenalty((float) usual.repetitionPenalty())
                        .setMinNewTokens(usual.minNewTokens())
                        .setMaxNewTokens(Math.min(config.maxNewTokens(1), limits.getMaxNewTokens()))
                        .setDoSample(false))
                .setLimits(limits)
                .setImageSize(networks.imageSize())
                .setCalibrated(calibration.isKnown())
                .setMinConfidence(calibration.threshold())
                .setFingerprint(Fingerprints.toProto(networks.fingerprint()))
                .build();
    }

    static EarlyStopping toProto(dev.darkroom.inference.generation.EarlyStopping stopping) {
        return switch (stopping) {
            case TRUE -> EarlyStopping.EARLY_STOPPING_TRUE;
            case FALSE -> EarlyStopping.EARLY_STOPPING_FALSE;
            case NEVER -> EarlyStopping.EARLY_STOPPING_NEVER;
        };
    }

    @Override
    public void close() {
        networks.close();
    }
}
