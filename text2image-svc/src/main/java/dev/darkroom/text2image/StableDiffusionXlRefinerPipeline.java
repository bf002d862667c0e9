// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.diffusion.Guidance;
import dev.darkroom.inference.diffusion.LoopState;
import dev.darkroom.inference.diffusion.Work;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.ClipTextEncoder;
import dev.darkroom.inference.onnx.NetworkInput;
import dev.darkroom.inference.onnx.StableDiffusionXlRefinerModel;
import dev.darkroom.inference.scheduler.History;
import dev.darkroom.inference.scheduler.Schedule;
import dev.darkroom.inference.scheduler.SchedulerConfig;
import dev.darkroom.inference.scheduler.SchedulerOutput;
import dev.darkroom.inference.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * SDXL's refiner, section 2.5 of Podell et al. 2023 (arXiv:2307.01952): the last steps after a base model, or a picture drawn anew.
 * Numerically equal to diffusers' {@code StableDiffusionXLImg2ImgPipeline} on the same folder with one torch CPU generator per picture.
 *
 * <p>Thread-safe. All tensors are float32, batch first; N pictures share one loop, and none depends on its neighbours.
 */
final class StableDiffusionXlRefinerPipeline implements Pipeline {
    private static final PipelineDefaults DEFAULTS = new PipelineDefaults(50, 5, 0.3);

    private final StableDiffusionXlRefinerModel networks;
    private final LatentDiffusion diffusion;
    private final ClipTextEncoder textEncoder2;
    private final boolean zerosForEmptyPrompt;
    private final SchedulerConfig scheduler;
    private final PromptReader prompts;

    /** Runs each network once. */
    StableDiffusionXlRefinerPipeline(StableDiffusionXlRefinerModel networks, TextToImageConfiguration configuration) {
        this.networks = networks;
        this.textEncoder2 = networks.textEncoder2();
        this.zerosForEmptyPrompt = networks.directory()
                .index()
                .path("force_zeros_for_empty_prompt")
                .asBoolean(true);
        this.scheduler = SchedulerConfig.of(networks.directory().schedulerConfig());
        this.prompts = PromptReader.of(networks.directory(), textEncoder2.tokenizer());
        int size = networks.traits().latentSize() * networks.traits().vaeScaleFactor();
        this.diffusion = new LatentDiffusion(
                networks,
                told(encode("", 0, new Cancellation()), new SizeConditions(size, size, 0, 0, size, size), 6),
                configuration);
    }

    /** Draws a picture anew. */
    @Override
    public List<RgbImage> generate(GenerationRequest request, Consumer<GenerationEvent> events, Work work) {
        Loop loop = loop(request);
        PictureNoise noise = diffusion.noise(request);
        return denoise(loop, diffusion.resume(loop, request, noise, work), noise, request, events, work);
    }

    @Override
    public Loop loop(GenerationRequest request) {
        Schedule schedule = request.schedule(this);
        return new Loop("refine", schedule, LatentDiffusion.steps(request, schedule));
    }

    /**
     * Lays the last steps of pictures out that a base model began.
     *
     * @param start above 0 and below 1: the share of the noise from which on this model takes over
     */
    Loop loopAfter(double start, GenerationRequest request) {
        Schedule schedule = request.schedule(this);
        return new Loop("refine", schedule, new Steps(first(schedule, start), schedule.length()));
    }

    /** Counts from the end, and never parts the two halves of a second-order step. */
    private int first(Schedule schedule, double start) {
        double trained = scheduler.numTrainTimesteps();
        double cutoff = Math.rint(trained - start * trained);
        int left = 0;
        for (int step = 0; step < schedule.length(); step++) {
            left += schedule.timestep(step) < cutoff ? 1 : 0;
        }
        int whole = schedule.order() == 2 && left % 2 == 0 ? left + 1 : left;
        return schedule.length() - whole;
    }

    /**
     * Makes the pictures of a loop.
     *
     * @param resume where it begins or goes on, with latents (N, C, h, w)
     * @param noise goes on from there
     */
    List<RgbImage> denoise(
            Loop loop,
            LoopState resume,
            PictureNoise noise,
            GenerationRequest request,
            Consumer<GenerationEvent> events,
            Work work) {
        Conditioning conditioning = conditioning(request, events, work);
        Schedule schedule = loop.schedule();
        Steps steps = loop.steps();
        var progress = new LoopProgress(loop, resume, request, diffusion, noise, events, work);
        Guidance guidance = request.guidance();
        Tensor latents = resume.latents();
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

    private Conditioning conditioning(GenerationRequest request, Consumer<GenerationEvent> events, Work work) {
        boolean guided = request.guidance().enabled();
        prompts.read(request, guided, events);
        XlPrompt prompt = work.run(cancellation -> encode(request.prompt(), request.clipSkip(), cancellation));
        Map<NetworkInput, Tensor> positive = told(prompt, request.sizes(), request.aestheticScore());
        if (!guided) {
            return Conditioning.unguided(positive);
        }
        XlPrompt negative = request.negativePrompt().isEmpty() && zerosForEmptyPrompt
                ? prompt.zeros()
                : work.run(cancellation -> encode(request.negativePrompt(), 0, cancellation));
        // diffusers leaves the crop to the prompt where it tells a score.
        SizeConditions sizes = networks.scored() ? request.sizes().uncropped() : request.sizes();
        return Conditioning.guided(told(negative, sizes, request.negativeAestheticScore()), positive);
    }

    private XlPrompt encode(String prompt, int clipSkip, Cancellation cancellation) {
        Tensor ids = textEncoder2.tokenizer().encode(prompt).ids();
        return new XlPrompt(
                textEncoder2.penultimate(ids, clipSkip, cancellation), textEncoder2.pooled(ids, cancellation));
    }

    /** Original size, crop and score; or the target size, of a folder without a score. */
    private Map<NetworkInput, Tensor> told(XlPrompt prompt, SizeConditions sizes, float score) {
        int height = sizes.originalHeight();
        int width = sizes.originalWidth();
        return networks.scored()
                ? prompt.with(height, width, sizes.cropTop(), sizes.cropLeft(), score)
                : prompt.with(
                        height, width, sizes.cropTop(), sizes.cropLeft(), sizes.targetHeight(), sizes.targetWidth());
    }

    @Override
    public boolean requiresImage() {
        return true;
    }

    @Override
    public boolean toldSizes() {
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
        return textEncoder2.maxFurtherSkip();
    }

    @Override
    public int promptWindow() {
        return textEncoder2.tokenizer().window();
    }
}
