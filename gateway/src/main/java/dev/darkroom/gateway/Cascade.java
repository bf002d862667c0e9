// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import com.google.protobuf.ByteString;
import dev.darkroom.gateway.v1.DeliveredImage;
import dev.darkroom.gateway.v1.ImagesCompleted;
import dev.darkroom.media.v1.Fingerprint;
import dev.darkroom.media.v1.Image;
import dev.darkroom.rpc.RequestLog;
import dev.darkroom.safety.v1.UsedPolicy;
import dev.darkroom.text2image.v1.GenerateResponse;
import dev.darkroom.text2image.v1.GeneratedImage;
import dev.darkroom.text2image.v1.GenerationCompleted;
import dev.darkroom.text2image.v1.ImageParameters;
import dev.darkroom.text2image.v1.UpscaleParameters;
import java.util.List;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of the events of one generation: progress goes on to the caller; each picture is held, looked at, enlarged, looked at
 * again, and then delivered or held back. One generation, one thread.
 *
 * <p>Memory: one picture at a time, with its enlarged self while that is made: at most twice {@link HeldPicture#MAX_BYTES}, whatever
 * the number of pictures and however slowly the caller reads. The generator's further pictures wait where they were drawn, but for the
 * 1 MiB that each stream takes in ahead ({@link Upstream}).
 */
final class Cascade {
    private final UpscalePlan plan;
    private final List<String> policies;
    private final OutputCheck outputCheck;
    private final Upscaler upscaler;
    private final Delivery<?> delivery;
    private final Previews previews;

    private GeneratedImage announced = GeneratedImage.getDefaultInstance();
    private @Nullable HeldPicture held;
    private GenerationCompleted completed = GenerationCompleted.getDefaultInstance();
    private UpscaleParameters usedUpscale;
    private Fingerprint upscaleFingerprint;
    private int blocked;

    /** @param policies names of those that apply beside the server's own */
    Cascade(UpscalePlan plan, List<String> policies, OutputCheck outputCheck, Upscaler upscaler, Delivery<?> delivery) {
        this.plan = plan;
        this.policies = policies;
        this.outputCheck = outputCheck;
        this.upscaler = upscaler;
        this.delivery = delivery;
        this.previews = new Previews(outputCheck, policies, delivery);
        this.usedUpscale = plan.parameters();
        this.upscaleFingerprint = plan.fingerprint();
    }

    /** Takes the next event, in the order that {@link EventOrder} has seen to; returns when the caller took what came of it. */
    void accept(GenerateResponse event) {
        accept(event, this::develop);
    }

    /** As the other one, but hands on each picture, as it was drawn, instead of developing it. */
    void accept(GenerateResponse event, BiConsumer<GeneratedImage, ByteString> pictures) {
        switch (event.getEventCase()) {
            case QUEUED -> delivery.queued(event.getQueued());
            case STAGE_STARTED -> delivery.stage(event.getStageStarted().getStage());
            case STEP_COMPLETED -> delivery.step(event.getStepCompleted());
            case PREVIEW -> previews.accept(event.getPreview());
            case WARNING -> delivery.warning(event.getWarning());
            case IMAGE -> hold(event.getImage());
            case IMAGE_CHUNK -> append(event, pictures);
            case COMPLETED -> completed = event.getCompleted();
            case CHECKPOINT -> delivery.checkpoint(event.getCheckpoint());
            case EVENT_NOT_SET -> {} // an event of a newer service
        }
        previews.sendIfRoom();
    }

    private void hold(GeneratedImage image) {
        previews.sendLatest();
        announced = image;
        held = new HeldPicture(image.getImage());
    }

    private void append(GenerateResponse event, BiConsumer<GeneratedImage, ByteString> pictures) {
        if (held == null) {
            throw new IllegalStateException("A chunk of no picture");
        }
        held.append(event.getImageChunk());
        if (held.isWhole()) {
            ByteString base = held.bytes();
            held = null;
            pictures.accept(announced, base);
        }
    }

    private void develop(GeneratedImage generated, ByteString base) {
        finish(generated, base, checkDrawn(base), -1);
    }

    /** Looks at a picture as it was drawn. */
    PictureVerdict checkDrawn(ByteString base) {
        return check(plan.passes() > 0 ? "check_base" : "check_output", base);
    }

    /**
     * Enlarges a picture that was looked at, looks again each time that it was enlarged, and delivers it. No further time is spent on one that
     * is blocked.
     *
     * @param drawn what was found in the picture as it was drawn
     * @param score how well it agrees with the prompt; below 0 where nobody asked
     */
    void finish(GeneratedImage generated, ByteString base, PictureVerdict drawn, float score) {
        Image image = generated.getImage();
        ByteString bytes = base;
        PictureVerdict verdict = drawn;
        for (int pass = 0; pass < plan.passes() && !verdict.isBlocked(); pass++) {
            Upscaler.Enlarged enlarged = upscaler.enlarge(bytes, plan.parametersOf(generated.getSeed()), delivery);
            remember(enlarged);
            image = enlarged.image();
            bytes = enlarged.bytes();
            verdict = verdict.and(check("check_output", bytes));
        }
        Image own = image.toBuilder().setIndex(generated.getImage().getIndex()).build();
        deliver(generated.toBuilder().setImage(own).build(), bytes, verdict, score);
    }

    private PictureVerdict check(String stage, ByteString bytes) {
        delivery.stage(stage);
        return outputCheck.judge(bytes, policies);
    }

    private void remember(Upscaler.Enlarged enlarged) {
        usedUpscale =
                enlarged.completed().getParameters().toBuilder().clearSeed().build();
        upscaleFingerprint = enlarged.completed().getFingerprint();
    }

    private void deliver(GeneratedImage image, ByteString bytes, PictureVerdict verdict, float score) {
        int index = image.getImage().getIndex();
        delivery.found("Picture " + (index + 1), verdict);
        DeliveredImage.Builder announcement = DeliveredImage.newBuilder()
                .setGenerated(image)
                .setOutputVerdict(verdict.verdict())
                .addAllCategories(verdict.categories());
        if (score >= 0) {
            announcement.setScore(score);
        }
        if (verdict.isBlocked()) {
            blocked++;
            announcement
                    .getGeneratedBuilder()
                    .getImageBuilder()
                    .clearSizeBytes()
                    .clearSha256();
        }
        delivery.picture(announcement.build(), index, verdict.isBlocked() ? ByteString.EMPTY : bytes);
    }

    /** What the pictures of the last generation were drawn with, once it has ended. */
    ImageParameters drawnWith() {
        return completed.getParameters();
    }

    /** Says with what the delivered pictures were drawn, where they are not all of the last generation's. */
    void drawnWith(ImageParameters parameters) {
        completed = completed.toBuilder().setParameters(parameters).build();
    }

    /** Puts what was made into the line of the request's log. */
    void log() {
        ImageParameters used = completed.getParameters();
        RequestLog.put("model", used.getModel());
        RequestLog.put("num_inference_steps", used.getNumInferenceSteps());
        RequestLog.put("num_images_per_prompt", used.getNumImagesPerPrompt());
        RequestLog.put("width", used.getWidth());
        RequestLog.put("height", used.getHeight());
        RequestLog.put("seed", used.getSeed());
        RequestLog.put("upscale_factor", plan.factor());
        RequestLog.put("images_blocked", blocked);
    }

    /** Returns the last event of the operation. */
    ImagesCompleted summary(List<UsedPolicy> usedPolicies) {
        ImagesCompleted.Builder summary = ImagesCompleted.newBuilder()
                .setParameters(completed.getParameters())
                .setFingerprint(completed.getFingerprint())
                .addAllSafetyPolicies(usedPolicies)
                .setUpscaleFactor(plan.factor())
                .addAllStageTimes(delivery.stageTimes());
        return plan.passes() == 0
                ? summary.build()
                : summary.setUpscale(usedUpscale)
                        .setUpscaleFingerprint(upscaleFingerprint)
                        .build();
    }
}
