// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.DegenerateImageException;
import dev.darkroom.inference.diffusion.Tiling.Tile;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.LatentDiffusionModel.Traits;
import dev.darkroom.inference.onnx.NetworkInput;
import dev.darkroom.inference.onnx.StableDiffusionUpscaleModel;
import dev.darkroom.inference.scheduler.ForwardProcess;
import dev.darkroom.inference.scheduler.History;
import dev.darkroom.inference.scheduler.Schedule;
import dev.darkroom.inference.scheduler.SchedulerConfig;
import dev.darkroom.inference.scheduler.SchedulerOutput;
import dev.darkroom.inference.tensor.GaussianNoise;
import dev.darkroom.inference.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Enlarges a picture by latent diffusion: section 4.4 of Rombach et al. 2022 (arXiv:2112.10752), with the noise on the small picture of
 * Ho et al. 2021 (arXiv:2106.15282). Numerically equal to diffusers' {@code StableDiffusionUpscalePipeline} on the same folder with a
 * torch CPU generator, for a picture of one tile.
 *
 * <p>A tile is as large as the latents that the U-Net was trained on. Larger pictures are denoised in overlapping tiles, whose predictions
 * are blended at every step over one latent of the whole picture: MultiDiffusion, Bar-Tal et al. 2023 (arXiv:2302.08113). Neighbours share
 * at least a quarter of a tile. Sides shorter than a tile are filled up by repeating the edge, and the result is cropped.
 *
 * <p>Thread-safe. All tensors are float32, batch first; h and w are those of the small picture, one latent for each of its pixels.
 */
public final class UpscalePipeline {
    /** Side of the latents that the probe uses at most, so that it stays quick on large models. */
    private static final int PROBE_SIZE = 16;

    private final StableDiffusionUpscaleModel networks;
    private final Denoiser denoiser;
    private final TiledVaeDecoder decoder;
    private final SchedulerConfig schedulerConfig;
    private final ForwardProcess lowResNoise;
    private final int tile;
    private final int overlap;

    UpscalePipeline(StableDiffusionUpscaleModel networks, int rowsPerCall, TiledVaeDecoder decoder, int overlap) {
        this.networks = networks;
        this.denoiser = Denoiser.probed(
                networks.network(),
                probe(
                        networks,
                        Math.min(Math.max(PROBE_SIZE, networks.traits().sizeMultiple()), tile(networks.traits()))),
                rowsPerCall);
        this.decoder = decoder;
        this.schedulerConfig = SchedulerConfig.of(networks.directory().schedulerConfig());
        this.lowResNoise =
                ForwardProcess.of(SchedulerConfig.of(networks.directory().schedulerConfig("low_res_scheduler")));
        this.tile = tile(networks.traits());
        this.overlap = overlap;
    }

    /**
     * Makes the pipeline of a model and runs the U-Net and the text encoder once. The caller closes the model.
     *
     * @param rowsPerCall most rows (a tile and its guidance are two) in one network call
     * @param vaeTile as in {@link TiledVaeDecoder#of}
     */
    public static UpscalePipeline of(StableDiffusionUpscaleModel networks, int rowsPerCall, int vaeTile) {
        return new UpscalePipeline(
                networks, rowsPerCall, TiledVaeDecoder.of(networks, vaeTile), tile(networks.traits()) / 4);
    }

    private static int tile(Traits traits) {
        return Math.ceilDiv(traits.latentSize(), traits.sizeMultiple()) * traits.sizeMultiple();
    }

    /** Hears how the work goes on, on the thread that does it. What it throws ends the work. */
    public interface Progress {
        /**
         * A part of the work began.
         *
         * @param stage "text_encoder", "denoise", "vae_decoder"
         */
        void stageStarted(String stage);

        /**
         * Every tile went through a step.
         *
         * @param step from 1
         * @param state after the step, with latents (1, C, h, w); the pipeline goes on from it in {@link #resume}
         */
        void stepCompleted(int step, int numInferenceSteps, LoopState state);
    }

    private static Row row(Tensor sample, float timestep, Tensor promptEmbeds, int noiseLevel) {
        Tensor level = Tensor.of(new float[] {noiseLevel}, 1);
        return new Row(
                sample, timestep, Map.of(NetworkInput.PROMPT_EMBEDS, promptEmbeds, NetworkInput.NOISE_LEVEL, level));
    }

    private static List<Row> probe(StableDiffusionUpscaleModel networks, int size) {
        GaussianNoise noise = GaussianNoise.seeded(0);
        Traits traits = networks.traits();
        int channels = traits.latentChannels() + StableDiffusionUpscaleModel.IMAGE_CHANNELS;
        Tensor embeds = encode(networks, "", new Cancellation());
        return IntStream.range(0, 4)
                .mapToObj(_ -> row(noise.next(1, channels, size, size), 500, embeds, 0))
                .toList();
    }

    /** Returns how the U-Net is called. */
    public Denoiser denoiser() {
        return denoiser;
    }

    /** Times the U-Net on a tile; see {@link Denoiser#tune}. */
    public void tune(int mostLanes) {
        denoiser.tune(probe(networks, tile).getFirst(), mostLanes);
    }

    /**
     * Returns the picture, enlarged by the VAE's factor, with a lane of its own: for a program that does nothing else.
     *
     * @throws IllegalArgumentException if the sampler refuses the folder's options or the number of steps
     * @throws java.util.concurrent.CancellationException within one network call after {@code cancellation} is cancelled
     * @throws DegenerateImageException if the result is not finite, or of a single colour although the picture is not
     */
    public RgbImage upscale(Upscaling request, Progress progress, Cancellation cancellation) {
        try (StepBatcher own = StepBatcher.start(denoiser.lanes());
                Work work = open(own, request, 0, cancellation)) {
            return upscale(request, progress, work);
        }
    }

    /**
     * Announces a request, which from now on has its place among all requests. The caller closes it.
     *
     * @param stepsDone steps that need not be made
     */
    public Work open(StepBatcher batcher, Upscaling request, int stepsDone, Cancellation cancellation) {
        Traits traits = networks.traits();
        int height = Math.max(tile, request.image().height());
        int width = Math.max(tile, request.image().width());
        Tiling tiling = Tiling.of(height, width, tile, overlap);
        int tiles = tiling.rows().count() * tiling.columns().count();
        int prompts = request.guidance().enabled() ? 2 : 1;
        int steps = Math.max(0, request.numInferenceSteps() - stepsDone)
                + 1; // decoding takes about as long as one step more
        return denoiser.open(
                batcher,
                steps * tiles * prompts,
                traits.latentChannels() + StableDiffusionUpscaleModel.IMAGE_CHANNELS,
                tile,
                tile,
                cancellation);
    }

    /** As {@link #upscale(Upscaling, Progress, Cancellation)}, for a request that was announced. */
    public RgbImage upscale(Upscaling request, Progress progress, Work work) {
        GaussianNoise noise = GaussianNoise.seeded(request.seed());
        Tensor image = noised(request, noise); // (1, 3, h, w); its noise is drawn before the latents, as in diffusers
        Tensor latents = Tensor.scale(schedule(request).initNoiseSigma(), noise.next(shape(request))); // (1, C, h, w)
        LoopState start = LoopState.first(0, latents, List.of(noise.position()));
        return denoise(image, start, noise, request, progress, work);
    }

    /**
     * Goes on where a request stopped and returns what it would have.
     *
     * @throws IllegalArgumentException if {@code state} is none of the request's loop, see {@link #requireFits}
     */
    public RgbImage resume(Upscaling request, LoopState state, Progress progress, Work work) {
        requireFits(state, request);
        Tensor image = noised(request, GaussianNoise.seeded(request.seed()));
        GaussianNoise noise =
                GaussianNoise.resumed(request.seed(), state.noise().getFirst());
        return denoise(image, state, noise, request, progress, work);
    }

    /**
     * Makes sure that a request can go on from there.
     *
     * @throws IllegalArgumentException naming what does not fit
     */
    public void requireFits(LoopState state, Upscaling request) {
        Schedule schedule = schedule(request);
        state.requireFits(schedule, 0, schedule.length(), shape(request));
    }

    private Schedule schedule(Upscaling request) {
        return request.scheduler().create(schedulerConfig, 0).schedule(request.numInferenceSteps());
    }

    private int[] shape(Upscaling request) {
        int height = Math.max(tile, request.image().height());
        int width = Math.max(tile, request.image().width());
        return new int[] {1, networks.traits().latentChannels(), height, width};
    }

    private RgbImage denoise(
            Tensor image, LoopState resume, GaussianNoise noise, Upscaling request, Progress progress, Work work) {
        Schedule schedule = schedule(request);
        Tensor promptEmbeds = encode(request, progress, work); // (2, L, D) negative first, or (1, L, D)

        progress.stageStarted("denoise");
        Tensor latents = resume.latents();
        int[] shape = latents.shape();
        History history = resume.history();
        for (int step = resume.step(); step < schedule.length(); step++) {
            Tensor modelInput = beside(schedule.scaleModelInput(latents, step), image); // (1, C + 3, h, w)
            Tensor noisePred = predict(modelInput, schedule.timestep(step), promptEmbeds, request, work);
            SchedulerOutput output = schedule.step(noisePred, latents, step, history, () -> noise.next(shape));
            latents = output.prevSample();
            history = output.history();
            var state = new LoopState(step + 1, latents, history, List.of(noise.position()));
            progress.stepCompleted(step + 1, schedule.length(), state);
        }

        progress.stageStarted("vae_decoder");
        return decode(latents, request.image(), work);
    }

    private Tensor encode(Upscaling request, Progress progress, Work work) {
        progress.stageStarted("text_encoder");
        Tensor positive = work.run(cancellation -> encode(networks, request.prompt(), cancellation));
        return request.guidance().enabled()
                ? Tensor.concat(work.run(cancellation -> encode(networks, "", cancellation)), positive)
                : positive;
    }

    private static Tensor encode(StableDiffusionUpscaleModel networks, String prompt, Cancellation cancellation) {
        Tensor ids = networks.textEncoder().tokenizer().encode(prompt).ids();
        return networks.textEncoder().lastButNormed(ids, 0, cancellation);
    }

    private Tensor noised(Upscaling request, GaussianNoise noise) {
        Tensor image = request.image().padded(tile, tile).toTensor();
        return lowResNoise.addNoise(image, noise.next(image.shape()), request.noiseLevel());
    }

    /** Joins the channels of (1, C, h, w) and (1, D, h, w). */
    private static Tensor beside(Tensor latents, Tensor image) {
        int height = latents.dim(2);
        int width = latents.dim(3);
        Tensor channels = Tensor.concat(
                latents.reshape(latents.dim(1), height, width), image.reshape(image.dim(1), height, width));
        return channels.reshape(1, channels.dim(0), height, width);
    }

    /** Blends what the network says of each tile, (1, C + 3, h, w) to (1, C, h, w); one row of tiles at a time bounds what lives. */
    private Tensor predict(Tensor modelInput, float timestep, Tensor promptEmbeds, Upscaling request, Work work) {
        int height = modelInput.dim(2);
        int width = modelInput.dim(3);
        int channels = networks.traits().latentChannels();
        Tiling tiling = Tiling.of(height, width, tile, overlap);
        float[] blended = new float[channels * height * width];
        for (int row = 0; row < tiling.rows().count(); row++) {
            List<Tile> tiles = tiling.row(row);
            List<Tensor> samples =
                    tiles.stream().map(each -> tiling.cut(modelInput, each)).toList();
            List<Tensor> predictions = predictEach(samples, timestep, promptEmbeds, request, work);
            for (int i = 0; i < tiles.size(); i++) {
                tiling.blend(predictions.get(i), tiles.get(i), blended);
            }
        }
        return Tensor.of(blended, 1, channels, height, width);
    }

    /** Asks for all tiles, each under all prompts, at once. */
    private List<Tensor> predictEach(
            List<Tensor> samples, float timestep, Tensor promptEmbeds, Upscaling request, Work work) {
        int prompts = promptEmbeds.dim(0);
        List<Tensor> predictions = denoiser.predict(
                IntStream.range(0, samples.size() * prompts)
                        .mapToObj(row -> row(
                                samples.get(row / prompts),
                                timestep,
                                promptEmbeds.row(row % prompts),
                                request.noiseLevel()))
                        .toList(),
                work);
        return IntStream.range(0, samples.size())
                .mapToObj(i -> request.guidance().enabled()
                        ? request.guidance().apply(predictions.get(2 * i), predictions.get(2 * i + 1))
                        : predictions.get(i))
                .toList();
    }

    private RgbImage decode(Tensor latents, RgbImage small, Work work) {
        int factor = networks.traits().vaeScaleFactor();
        RgbImage large = decoder.decode(latents, work).cropped(small.width() * factor, small.height() * factor);
        if (large.isConstant() && !small.isConstant()) {
            throw DegenerateImageException.constant();
        }
        return large;
    }
}
