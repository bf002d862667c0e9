// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.caption;

import dev.darkroom.caption.v1.AlignmentLimits;
import dev.darkroom.caption.v1.AlignmentModel;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.ClipModel;
import java.nio.file.Path;

/** A CLIP folder that says how well pictures and texts agree. Thread-safe. */
final class Aligner implements AutoCloseable {
    static final int MAX_TEXT_LENGTH = 2000;

    private final ClipModel clip;
    private final float logitScale;
    private final AlignmentLimits limits;

    private Aligner(ClipModel clip, CaptionConfiguration configuration) {
        if (!clip.readsText()) {
            throw new ModelDirectoryException("text_model", "text_model.onnx", "a file", "none");
        }
        this.clip = clip;
        this.logitScale = clip.logitScale();
        this.limits = AlignmentLimits.newBuilder()
                .setMaxImages(configuration.maxImages())
                .setMaxTexts(configuration.maxTexts())
                .setMaxTextLength(MAX_TEXT_LENGTH)
                .setTextWindow(clip.textWindow())
                .setMaxImageBytes(configuration.maxImageBytes())
                .setMaxSize(configuration.maxSize())
                .build();
    }

    /**
     * Loads a folder and runs both towers once. The caller closes the aligner.
     *
     * @throws ModelDirectoryException if the folder does not fit; nothing stays open
     */
    static Aligner load(Path folder, CaptionConfiguration configuration) {
        ClipModel clip = ClipModel.load(folder, configuration.sessionSettings());
        try {
            Aligner aligner = new Aligner(clip, configuration);
            float[] _ = aligner.embed(RgbImage.of(1, 1, new byte[3]), new Cancellation());
            float[] _ = aligner.embed("a", new Cancellation());
            return aligner;
        } catch (RuntimeException e) {
            clip.close();
            throw e;
        }
    }

    String name() {
        return clip.directory().name();
    }

    int imageSize() {
        return clip.imageSize();
    }

    AlignmentLimits limits() {
        return limits;
    }

    float logitScale() {
        return logitScale;
    }

    dev.darkroom.media.v1.Fingerprint fingerprint() {
        return Fingerprints.toProto(clip.fingerprint());
    }

    boolean seesAllOf(String text) {
        return clip.seesAllOf(text);
    }

    float[] embed(RgbImage picture, Cancellation cancellation) {
        return clip.embedImage(picture, cancellation);
    }

    float[] embed(String text, Cancellation cancellation) {
        return clip.embedText(text, cancellation);
    }

    AlignmentModel describe() {
        return AlignmentModel.newBuilder()
                .setName(name())
                .setModelType(clip.directory().config().path("model_type").asText())
                .setLicense(clip.directory().license().orElse(""))
                .setWidth(clip.width())
                .setImageSize(imageSize())
                .setLogitScale(logitScale)
                .setLimits(limits)
                .setFingerprint(fingerprint())
                .build();
    }

    @Override
    public void close() {
        clip.close();
    }
}
