// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.diffusion.Guidance;
import dev.darkroom.inference.diffusion.GuidanceEmbedding;
import dev.darkroom.inference.diffusion.LoopState;
import dev.darkroom.inference.diffusion.Work;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.ClipTextEncoder;
import dev.darkroom.inference.onnx.NetworkInput;
import dev.darkroom.inference.onnx.StableDiffusionModel;
import dev.darkroom.inference.scheduler.History;
import dev.darkroom.inference.scheduler.Schedule;
import dev.darkroom.inference.scheduler.SchedulerConfig;
import dev.darkroom.inference.scheduler.SchedulerOutput;
import dev.darkroom.inference.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Stable Diffusion 1 and 2: latent diffusion, Rombach et al. 2022 (arXiv:2112.10752), with classifier-free guidance. Numerically equal to
 * diffusers' {@code StableDiffusionPipeline} and, from a picture, {@code StableDiffusionImg2ImgPipeline} on the same folder with one torch CPU
 * generator per picture.
 *
 * <p>Thread-safe. All tensors are float32, batch first; N pictures share one loop, and none depends on its neighbours.
 */
final class StableDiffusionPipeline implements Pipeline {
    private static final PipelineDefaults DEFAULTS = new PipelineDefaults(50, 7.5f, 0.8);

    private final LatentDiffusion diffusion;
    private final ClipTextEncoder textEncoder;
    private final int guidanceWidth;
    private final SchedulerConfig scheduler;
    private final PromptReader prompts;

    /** Runs each network once. */
    StableDiffusionPipeline(StableDiffusionModel networks, TextToImageConfiguration configuration) {
        this.textEncoder = networks.textEncoder();
        this.guidanceWidth = networks.guidanceWidth();
        this.prompts = PromptReader.of(networks.directory(), textEncoder.tokenizer());
        this.diffusion = new LatentDiffusion(
                networks, told(encode("", 0, new Cancellation()), DEFAULTS.guidanceScale()), configuration);
        // diffusers overrides these two whatever the folder says: old folders carry values of other models.
        this.scheduler = SchedulerConfig.of(networks.directory().schedulerConfig())
                .with("steps_offset", 1)
                .with("clip_sample", false);
    }

    @Override
    public List<RgbImage> generate(GenerationRequest request, Consumer<GenerationEvent> events, Work work) {
        Conditioning conditioning = conditioning(request, events, work);
        Loop loop = loop(request);
        Schedule schedule = loop.schedule();
        Steps steps = loop.steps();
        PictureNoise noise = diffusion.noise(request);
        LoopState resume = diffusion.resume(loop, request, noise, work);

        var progress = new LoopProgress(loop, resume, request, diffusion, noise, events, work);
        Guidance guidance = request.guidance();
        Tensor latents = resume.latents(); // (N, C, h, w)
        History history = resume.history();
        for (int step = resume.step(); step < steps.end(); step++) {
            boolean guided = guidance.enabledAt(step - steps.first(), steps.count());
            Tensor modelInput = schedule.scaleModelInput(latents, step);
            Tensor noisePred = diffusion.predict(
                    modelInput,
                    schedule.timestep(step),
                    guided ? conditioning : conditioning.unguided(),
                    guidance,
                    work);
            SchedulerOutput output = schedule.step(noisePred, latents, step, history, noise::next);
            latents = output.prevSample();
            history = output.history();
            progress.completed(latents, output);
        }

        events.accept(new GenerationEvent.StageStarted("vae_decoder"));
        return diffusion.decode(latents, work);
    }

    /** A network that was distilled with guidance is told the scale instead of a negative prompt. */
    private Conditioning conditioning(GenerationRequest request, Consumer<GenerationEvent> events, Work work) {
        boolean guided = request.guidance().enabled() && guidanceWidth == 0;
        prompts.read(request, guided, events);
        float scale = request.guidance().scale();
        Map<NetworkInput, Tensor> positive =
                told(work.run(cancellation -> encode(request.prompt(), request.clipSkip(), cancellation)), scale);
        return guided
                ? Conditioning.guided(
                        told(work.run(cancellation -> encode(request.negativePrompt(), 0, cancellation)), scale),
                        positive)
                : Conditioning.unguided(positive);
    }

    private Tensor encode(String prompt, int clipSkip, Cancellation cancellation) {
        return textEncoder.lastButNormed(textEncoder.tokenizer().encode(prompt).ids(), clipSkip, cancellation);
    }

    private Map<NetworkInput, Tensor> told(Tensor promptEmbeds, float guidanceScale) {
        Map<NetworkInput, Tensor> told = new HashMap<>(Map.of(NetworkInput.PROMPT_EMBEDS, promptEmbeds));
        if (guidanceWidth > 0) {
            told.put(NetworkInput.GUIDANCE_EMBEDDING, GuidanceEmbedding.of(guidanceScale, guidanceWidth));
        }
        return told;
    }

    @Override
    public LatentDiffusion diffusion() {
        return diffusion;
    }

    @Override
    public SchedulerConfig scheduler() {
        return scheduler;
    }

    @Override
    public PipelineDefaults defaults() {
        return DEFAULTS;
    }

    @Override
    public int maxClipSkip() {
        return textEncoder.maxClipSkip();
    }

    @Override
    public int promptWindow() {
        return textEncoder.tokenizer().window();
    }
}
