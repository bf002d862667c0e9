// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.image.ImageDecoder;
import dev.darkroom.inference.image.ImageLimits;
import dev.darkroom.inference.image.PngWriter;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.image.UnreadableImageException;
import dev.darkroom.inference.onnx.ClipModel;
import dev.darkroom.safety.policy.Action;
import dev.darkroom.safety.policy.Category;
import dev.darkroom.safety.policy.Digest;
import dev.darkroom.safety.policy.Policies;
import dev.darkroom.safety.policy.Policy;
import dev.darkroom.safety.policy.Severity;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;

/**
 * Judges a picture by what it shows.
 *
 * <ol>
 *   <li>Decode it, within limits; a large one is made smaller on the way.
 *   <li>Let the vision tower of a CLIP model look at it.
 *   <li>Recognise concepts ({@link Concepts}).
 *   <li>Ask each policy what it does about their categories; the strictest counts. A category that even the policy {@code default} does not have is
 *       blocked: somebody put the concept into the file, and nobody has said that it may pass.
 * </ol>
 *
 * <p>Thread-safe. Keeps and logs nothing of pictures.
 */
final class PictureCheck implements AutoCloseable {

    /** Sides up to twice this are not reduced before the model's own resizing, so that recorded scores stay what they are. */
    private static final int ENOUGH = 1024;

    private final ClipModel model;
    private final Concepts concepts;
    private final ImageLimits limits;
    private final String digest;

    private PictureCheck(ClipModel model, byte[] concepts, ImageLimits limits) {
        this.model = model;
        this.concepts = ConceptFile.parse(concepts, model);
        this.limits = limits;
        this.digest = Digest.of(model.fingerprint().modelDigest().getBytes(StandardCharsets.UTF_8), concepts);
    }

    /**
     * Loads a model and its concepts, and looks at a first picture, because the first one takes longest. The caller closes the check.
     *
     * @throws dev.darkroom.inference.ModelDirectoryException when either does not fit; nothing stays open
     */
    static PictureCheck load(OutputConfiguration configuration, Path folder) {
        ClipModel model = ClipModel.load(folder, configuration.sessionSettings());
        try {
            byte[] concepts = ConceptFile.read(configuration.conceptsFile(folder));
            PictureCheck check = new PictureCheck(model, concepts, configuration.limits());
            check.embed(check.decode(PngWriter.encode(RgbImage.of(1, 1, new byte[3]), "")));
            return check;
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }

    /** SHA-256 over the files of the model and its concepts. */
    String digest() {
        return digest;
    }

    /**
     * Decodes a file. Takes, beside the file, a copy of it and up to 9 bytes for each of its pixels, 3 as a rule, until it returns.
     *
     * @throws UnreadableImageException when it is no intact picture within the limits
     */
    RgbImage decode(byte[] file) {
        int enough = Math.max(ENOUGH, 4 * model.imageSize());
        return ImageDecoder.decode(file, limits, enough).image();
    }

    /** Judges a decoded picture. */
    PictureVerdict.Checked check(RgbImage picture, List<Policy> policies) {
        List<PictureFinding> findings = concepts.in(embed(picture)).stream()
                .map(recognised -> finding(recognised, policies))
                .filter(finding -> finding.action() != Action.ALLOW)
                .sorted(Comparator.comparingDouble(PictureFinding::score).reversed())
                .toList();
        return new PictureVerdict.Checked(findings, digest);
    }

    private float[] embed(RgbImage picture) {
        return model.embedImage(picture, new Cancellation());
    }

    private static PictureFinding finding(Concepts.Recognised recognised, List<Policy> policies) {
        String category = recognised.concept().category();
        Severity severity = Severity.LOW;
        Action action = Action.ALLOW;
        for (Policy policy : policies) {
            Category known = policy.category(category);
            if (known != null) {
                severity = severity.or(known.severity());
                action = action.or(known.outputAction());
            } else if (policy.name().equals(Policies.DEFAULT)) {
                severity = Severity.HIGH;
                action = Action.BLOCK;
            }
        }
        return new PictureFinding(recognised.concept().name(), category, severity, action, recognised.score());
    }

    @Override
    public void close() {
        model.close();
    }
}
