// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.diffusion.Guidance;
import dev.darkroom.inference.diffusion.LoopState;
import dev.darkroom.inference.diffusion.Work;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.NetworkInput;
import dev.darkroom.inference.onnx.PixArtModel;
import dev.darkroom.inference.onnx.T5TextEncoder;
import dev.darkroom.inference.scheduler.History;
import dev.darkroom.inference.scheduler.Schedule;
import dev.darkroom.inference.scheduler.SchedulerConfig;
import dev.darkroom.inference.scheduler.SchedulerOutput;
import dev.darkroom.inference.tensor.Tensor;
import dev.darkroom.inference.tokenizer.Encoding;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/**
 * PixArt, a diffusion transformer under T5: alpha, Chen et al. 2023 (arXiv:2310.00426), and Sigma, Chen et al. 2024 (arXiv:2403.04692), which
 * differ in how long a prompt may be. Numerically equal to diffusers' {@code PixArtAlphaPipeline} and {@code PixArtSigmaPipeline} on the same
 * folder with one torch CPU generator per picture, with {@code use_resolution_binning} and {@code clean_caption} off: pictures have the size
 * that was asked for, and prompts are lower-cased and stripped, no more.
 *
 * <p>Thread-safe. All tensors are float32, batch first; N pictures share one loop, and none depends on its neighbours.
 */
final class PixArtPipeline implements Pipeline {
    static final int ALPHA_SEQUENCE_LENGTH = 120;
    static final int SIGMA_SEQUENCE_LENGTH = 300;

    private static final PipelineDefaults DEFAULTS = new PipelineDefaults(20, 4.5f, 0.8);

    private final LatentDiffusion diffusion;
    private final T5TextEncoder textEncoder;
    private final boolean toldSizes;
    private final SchedulerConfig scheduler;
    private final PromptReader prompts;

    /** Runs each network once. */
    PixArtPipeline(PixArtModel networks, TextToImageConfiguration configuration) {
        this.textEncoder = networks.textEncoder();
        this.toldSizes = networks.network().takes(NetworkInput.RESOLUTION);
        this.scheduler = SchedulerConfig.of(networks.directory().schedulerConfig());
        this.prompts = PromptReader.of(networks.directory(), textEncoder.tokenizer());
        int size = networks.traits().latentSize() * networks.traits().vaeScaleFactor();
        this.diffusion = new LatentDiffusion(networks, told("", size, size, new Cancellation()), configuration);
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
            Tensor noisePred =
                    diffusion.predict( // learned variances are dropped before guidance, which mixes no channels
                            modelInput,
                            schedule.timestep(step),
                            guided ? conditioning : conditioning.unguided(),
                            guidance,
                            work);
            SchedulerOutput output = schedule.step(noisePred, latents, step, history, noise::next);
            // Models distilled to one step say at once what they mean.
            latents = request.numInferenceSteps() == 1 ? output.predOriginalSample() : output.prevSample();
            history = output.history();
            progress.completed(latents, output);
        }

        events.accept(new GenerationEvent.StageStarted("vae_decoder"));
        return diffusion.decode(latents, work);
    }

    private Conditioning conditioning(GenerationRequest request, Consumer<GenerationEvent> events, Work work) {
        boolean guided = request.guidance().enabled();
        prompts.read(request, guided, events);
        Map<NetworkInput, Tensor> positive =
                work.run(cancellation -> told(request.prompt(), request.height(), request.width(), cancellation));
        return guided
                ? Conditioning.guided(
                        work.run(cancellation ->
                                told(request.negativePrompt(), request.height(), request.width(), cancellation)),
                        positive)
                : Conditioning.unguided(positive);
    }

    private Map<NetworkInput, Tensor> told(String prompt, int height, int width, Cancellation cancellation) {
        Encoding text =
                textEncoder.tokenizer().encode(prompt.toLowerCase(Locale.ROOT).strip());
        Map<NetworkInput, Tensor> told = new HashMap<>();
        told.put(NetworkInput.PROMPT_EMBEDS, textEncoder.encode(text, cancellation));
        told.put(NetworkInput.PROMPT_MASK, T5TextEncoder.mask(text));
        if (toldSizes) {
            told.put(NetworkInput.RESOLUTION, Tensor.of(new float[] {height, width}, 1, 2));
            told.put(NetworkInput.ASPECT_RATIO, Tensor.of(new float[] {(float) ((double) height / width)}, 1, 1));
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
        return 0;
    }

    @Override
    public int promptWindow() {
        return textEncoder.tokenizer().window();
    }
}
