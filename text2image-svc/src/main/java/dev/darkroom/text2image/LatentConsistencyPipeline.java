// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.ModelDirectoryException;
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
import dev.darkroom.inference.scheduler.StepPlan;
import dev.darkroom.inference.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Latent consistency models, Luo et al. 2023 (arXiv:2310.04378): a few steps, the guidance scale as an embedding, no negative prompt.
 * Numerically equal to diffusers' {@code LatentConsistencyModelPipeline} and, from a picture, {@code LatentConsistencyModelImg2ImgPipeline} on
 * the same folder with one torch CPU generator per picture.
 *
 * <p>Thread-safe. All tensors are float32, batch first; N pictures share one loop, and none depends on its neighbours.
 */
final class LatentConsistencyPipeline implements Pipeline {
    private static final PipelineDefaults DEFAULTS = new PipelineDefaults(4, 8.5f, 0.8);

    private final LatentDiffusion diffusion;
    private final ClipTextEncoder textEncoder;
    private final int guidanceWidth;
    private final SchedulerConfig scheduler;
    private final PromptReader prompts;

    /**
     * Runs each network once.
     *
     * @throws ModelDirectoryException if the network takes no guidance embedding
     */
    LatentConsistencyPipeline(StableDiffusionModel networks, TextToImageConfiguration configuration) {
        this.textEncoder = networks.textEncoder();
        this.guidanceWidth = networks.guidanceWidth();
        if (guidanceWidth == 0) {
            throw new ModelDirectoryException(
                    "unet", "time_cond_proj_dim", "the width of a guidance embedding", "none");
        }
        this.prompts = PromptReader.of(networks.directory(), textEncoder.tokenizer());
        this.diffusion = new LatentDiffusion(
                networks, told(encode("", 0, new Cancellation()), DEFAULTS.guidanceScale()), configuration);
        this.scheduler = SchedulerConfig.of(networks.directory().schedulerConfig());
    }

    /** A picture's noise comes from the less noisy part of the steps that the model was distilled to, and all steps are made. */
    @Override
    public StepPlan plan(GenerationRequest request) {
        return switch (request.start()) {
            case Start.Noise _ -> new StepPlan.Count(request.numInferenceSteps());
            case Start.Picture picture -> new StepPlan.Partial(request.numInferenceSteps(), picture.strength());
        };
    }

    @Override
    public Loop loop(GenerationRequest request) {
        Schedule schedule = request.schedule(this);
        return new Loop("denoise", schedule, new Steps(0, schedule.length()));
    }

    @Override
    public List<RgbImage> generate(GenerationRequest request, Consumer<GenerationEvent> events, Work work) {
        prompts.read(request, false, events);
        Tensor promptEmbeds =
                work.run(cancellation -> encode(request.prompt(), request.clipSkip(), cancellation)); // (1, L, D)
        Conditioning conditioning =
                Conditioning.unguided(told(promptEmbeds, request.guidance().scale()));
        Loop loop = loop(request);
        Schedule schedule = loop.schedule();
        PictureNoise noise = diffusion.noise(request);
        LoopState resume = diffusion.resume(loop, request, noise, work);

        var progress = new LoopProgress(loop, resume, request, diffusion, noise, events, work);
        Tensor latents = resume.latents(); // (N, C, h, w)
        Tensor denoised = latents;
        History history = resume.history();
        for (int step = resume.step(); step < loop.steps().end(); step++) {
            Tensor modelInput = schedule.scaleModelInput(latents, step);
            Tensor noisePred =
                    diffusion.predict(modelInput, schedule.timestep(step), conditioning, request.guidance(), work);
            SchedulerOutput output = schedule.step(noisePred, latents, step, history, noise::next);
            latents = output.prevSample();
            denoised = output.predOriginalSample();
            history = output.history();
            progress.completed(latents, output);
        }

        events.accept(new GenerationEvent.StageStarted("vae_decoder"));
        return diffusion.decode(denoised, work);
    }

    private Tensor encode(String prompt, int clipSkip, Cancellation cancellation) {
        return textEncoder.lastButNormed(textEncoder.tokenizer().encode(prompt).ids(), clipSkip, cancellation);
    }

    private Map<NetworkInput, Tensor> told(Tensor promptEmbeds, float guidanceScale) {
        return Map.of(
                NetworkInput.PROMPT_EMBEDS,
                promptEmbeds,
                NetworkInput.GUIDANCE_EMBEDDING,
                GuidanceEmbedding.of(guidanceScale, guidanceWidth));
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
