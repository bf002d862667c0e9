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
import dev.darkroom.inference.onnx.StableDiffusionXlModel;
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
 * SDXL, Podell et al. 2023 (arXiv:2307.01952): two text encoders, a pooled embedding, and picture sizes as conditions; a refiner may make
 * the last steps. Numerically equal to diffusers' {@code StableDiffusionXLPipeline} and, from a picture, {@code
 * StableDiffusionXLImg2ImgPipeline} on the same folder with one torch CPU generator per picture.
 *
 * <p>Thread-safe. All tensors are float32, batch first; N pictures share one loop, and none depends on its neighbours.
 */
final class StableDiffusionXlPipeline implements Pipeline {
    private static final PipelineDefaults DEFAULTS = new PipelineDefaults(50, 5, 0.3);

    private final LatentDiffusion diffusion;
    private final ClipTextEncoder textEncoder;
    private final ClipTextEncoder textEncoder2;
    private final int guidanceWidth;
    private final boolean zerosForEmptyPrompt;
    private final SchedulerConfig scheduler;
    private final PromptReader prompts;

    /** Runs each network once. */
    StableDiffusionXlPipeline(StableDiffusionXlModel networks, TextToImageConfiguration configuration) {
        this.textEncoder = networks.textEncoder();
        this.textEncoder2 = networks.textEncoder2();
        this.guidanceWidth = networks.guidanceWidth();
        this.zerosForEmptyPrompt = networks.directory()
                .index()
                .path("force_zeros_for_empty_prompt")
                .asBoolean(true);
        this.scheduler = SchedulerConfig.of(networks.directory().schedulerConfig());
        this.prompts = PromptReader.of(networks.directory(), textEncoder.tokenizer());
        int size = networks.traits().latentSize() * networks.traits().vaeScaleFactor();
        this.diffusion = new LatentDiffusion(
                networks,
                told(
                        encode("", 0, new Cancellation()),
                        new SizeConditions(size, size, 0, 0, size, size),
                        DEFAULTS.guidanceScale()),
                configuration);
    }

    @Override
    public List<RgbImage> generate(GenerationRequest request, Consumer<GenerationEvent> events, Work work) {
        PictureNoise noise = diffusion.noise(request);
        return switch (request.finish()) {
            case Finish.Alone _ -> {
                Tensor latents = denoise(noise, request, events, work);
                events.accept(new GenerationEvent.StageStarted("vae_decoder"));
                yield diffusion.decode(latents, work);
            }
            case Finish.Refined refined -> {
                Loop refinement = refined.pipeline().loopAfter(refined.start(), request);
                LoopState begun = request.resume().in(refinement.stage()).orElseGet(() -> {
                    Tensor latents = denoise(noise, request, events, work);
                    return LoopState.first(refinement.steps().first(), latents, noise.positions());
                });
                yield refined.pipeline().denoise(refinement, begun, noise, request, events, work);
            }
        };
    }

    /** Returns the latents (N, C, h, w) after this model's steps. */
    private Tensor denoise(PictureNoise noise, GenerationRequest request, Consumer<GenerationEvent> events, Work work) {
        Conditioning conditioning = conditioning(request, events, work);
        Loop loop = loop(request);
        Schedule schedule = loop.schedule();
        Steps steps = loop.steps();
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
        return latents;
    }

    @Override
    public Loop loop(GenerationRequest request) {
        Schedule schedule = request.schedule(this);
        return new Loop("denoise", schedule, steps(request, schedule));
    }

    @Override
    public List<Loop> loops(GenerationRequest request) {
        return request.finish() instanceof Finish.Refined refined
                ? List.of(loop(request), refined.pipeline().loopAfter(refined.start(), request))
                : List.of(loop(request));
    }

    /** A refiner takes over where the timesteps fall below its share of those that the model was trained with. */
    private Steps steps(GenerationRequest request, Schedule schedule) {
        Steps all = LatentDiffusion.steps(request, schedule);
        return switch (request.finish()) {
            case Finish.Alone _ -> all;
            case Finish.Refined refined -> {
                double trained = scheduler.numTrainTimesteps();
                double cutoff = Math.rint(trained - refined.start() * trained);
                int end = all.first();
                while (end < all.end() && schedule.timestep(end) >= cutoff) {
                    end++;
                }
                yield new Steps(all.first(), end);
            }
        };
    }

    /** A network that was distilled with guidance is told the scale instead of a negative prompt. */
    private Conditioning conditioning(GenerationRequest request, Consumer<GenerationEvent> events, Work work) {
        boolean guided = request.guidance().enabled() && guidanceWidth == 0;
        prompts.read(request, guided, events);
        XlPrompt positive = work.run(cancellation -> encode(request.prompt(), request.clipSkip(), cancellation));
        if (!guided) {
            return Conditioning.unguided(told(positive, request));
        }
        XlPrompt negative = request.negativePrompt().isEmpty() && zerosForEmptyPrompt
                ? positive.zeros()
                : work.run(cancellation -> encode(request.negativePrompt(), 0, cancellation));
        return Conditioning.guided(told(negative, request), told(positive, request));
    }

    private XlPrompt encode(String prompt, int clipSkip, Cancellation cancellation) {
        Tensor ids = textEncoder.tokenizer().encode(prompt).ids();
        Tensor ids2 = textEncoder2.tokenizer().encode(prompt).ids();
        return new XlPrompt(
                Tensor.beside(
                        textEncoder.penultimate(ids, clipSkip, cancellation),
                        textEncoder2.penultimate(ids2, clipSkip, cancellation)),
                textEncoder2.pooled(ids2, cancellation));
    }

    private Map<NetworkInput, Tensor> told(XlPrompt prompt, GenerationRequest request) {
        return told(prompt, request.sizes(), request.guidance().scale());
    }

    private Map<NetworkInput, Tensor> told(XlPrompt prompt, SizeConditions sizes, float guidanceScale) {
        Map<NetworkInput, Tensor> told = new HashMap<>(prompt.with(
                sizes.originalHeight(),
                sizes.originalWidth(),
                sizes.cropTop(),
                sizes.cropLeft(),
                sizes.targetHeight(),
                sizes.targetWidth()));
        if (guidanceWidth > 0) {
            told.put(NetworkInput.GUIDANCE_EMBEDDING, GuidanceEmbedding.of(guidanceScale, guidanceWidth));
        }
        return told;
    }

    @Override
    public boolean toldSizes() {
        return true;
    }

    @Override
    public boolean canHandOver() {
        return true;
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
        return Math.min(textEncoder.maxFurtherSkip(), textEncoder2.maxFurtherSkip());
    }

    @Override
    public int promptWindow() {
        return textEncoder.tokenizer().window();
    }
}
