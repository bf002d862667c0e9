// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2video;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.DegenerateImageException;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.diffusion.Denoiser;
import dev.darkroom.inference.diffusion.FrameWindows;
import dev.darkroom.inference.diffusion.Guidance;
import dev.darkroom.inference.diffusion.Row;
import dev.darkroom.inference.diffusion.StepBatcher;
import dev.darkroom.inference.diffusion.TiledVaeDecoder;
import dev.darkroom.inference.diffusion.Work;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.LatentDiffusionModel.Traits;
import dev.darkroom.inference.onnx.ModelDirectory;
import dev.darkroom.inference.onnx.NetworkInput;
import dev.darkroom.inference.onnx.TextToVideoModel;
import dev.darkroom.inference.scheduler.History;
import dev.darkroom.inference.scheduler.Schedule;
import dev.darkroom.inference.scheduler.SchedulerConfig;
import dev.darkroom.inference.scheduler.SchedulerOutput;
import dev.darkroom.inference.tensor.GaussianNoise;
import dev.darkroom.inference.tensor.Tensor;
import dev.darkroom.inference.tokenizer.Encoding;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Text to video by latent diffusion with layers along time: ModelScope (Wang et al. 2023, arXiv:2308.06571) and AnimateDiff (Guo et al. 2023,
 * arXiv:2307.04725). Numerically equal to diffusers' {@code TextToVideoSDPipeline} and {@code AnimateDiffPipeline} on the same folder with a torch CPU
 * generator, for clips of one window.
 *
 * <p>A window is as many frames as the model draws at once; longer clips are made of {@link FrameWindows}. Thread-safe. All tensors are float32; F is the
 * number of frames, C the latent channels, h and w the latent size.
 */
final class TextToVideoPipeline implements AutoCloseable {
    /** Side of the latents, and frames, that the probe uses at most, so that it stays quick on large models. */
    private static final int PROBE_SIZE = 16;

    private static final int PROBE_FRAMES = 4;

    private final Family family;
    private final TextToVideoModel networks;
    private final int window;
    private final Denoiser denoiser;
    private final TiledVaeDecoder decoder;
    private final SchedulerConfig scheduler;

    /** What differs between the two pipelines of diffusers. */
    enum Family {
        /** Its sampler sees each frame as a row, so that what it draws, it draws frame by frame. */
        MODELSCOPE("TextToVideoSDPipeline", 9),
        /** Its sampler sees the video as one row. */
        ANIMATEDIFF("AnimateDiffPipeline", 7.5f);

        private final String className;
        private final float guidanceScale;

        Family(String className, float guidanceScale) {
            this.className = className;
            this.guidanceScale = guidanceScale;
        }

        /** Finds the family of a class in model_index.json; exporters put their own mark before the name. */
        static Optional<Family> of(String className) {
            String torchName = className.replaceFirst("^(Onnx|ORT)", "");
            return List.of(values()).stream()
                    .filter(family -> family.className.equals(torchName))
                    .findFirst();
        }

        /** What diffusers guides by where a request does not say. */
        float guidanceScale() {
            return guidanceScale;
        }

        /** Returns what the sampler sees of a video (1, C, F, h, w). */
        Tensor toSampler(Tensor video) {
            return this == ANIMATEDIFF
                    ? video
                    : Tensor.swapped(video.reshape(video.dim(1), video.dim(2), video.dim(3), video.dim(4)));
        }

        /** Returns the video (1, C, F, h, w) of what the sampler gave. */
        Tensor fromSampler(Tensor rows) {
            if (this == ANIMATEDIFF) {
                return rows;
            }
            Tensor video = Tensor.swapped(rows);
            return video.reshape(1, video.dim(0), video.dim(1), video.dim(2), video.dim(3));
        }
    }

    /** Hears how the work goes on, on the thread that does it. What it throws ends the work. */
    interface Progress {
        /** The steps begin. */
        void denoisingStarted();

        /** The request is served, but not quite as it may be meant. {@code message} may quote the prompt. */
        void warning(String reason, String message);

        /**
         * A step ended.
         *
         * @param step from 1
         * @param latents (1, C, F, h, w) after the step
         * @param predicted what they would be without noise if the network were right by now
         */
        void stepCompleted(int step, int of, Tensor latents, Tensor predicted);
    }

    private TextToVideoPipeline(
            Family family, TextToVideoModel networks, int window, TextToVideoConfiguration configuration) {
        this.family = family;
        this.networks = networks;
        this.window = window;
        int frames = networks.network().fixedFrames() > 0 ? window : Math.min(window, PROBE_FRAMES);
        Tensor embeds = encode("", 0, new Cancellation());
        GaussianNoise noise = GaussianNoise.seeded(0);
        this.denoiser = Denoiser.probed(
                networks.network(),
                List.of(probe(PROBE_SIZE, frames, embeds, noise), probe(PROBE_SIZE, frames, embeds, noise)),
                configuration.rowsPerCall());
        this.decoder = TiledVaeDecoder.of(networks, configuration.vaeTileSize());
        this.scheduler = SchedulerConfig.of(networks.directory().schedulerConfig());
    }

    /**
     * Loads a folder and runs its network and text encoder once. The caller closes the pipeline.
     *
     * @param usualFrames what the folder says that the model draws at once
     * @throws ModelDirectoryException if the folder does not fit; nothing stays open
     */
    static TextToVideoPipeline open(ModelDirectory directory, int usualFrames, TextToVideoConfiguration configuration) {
        String className = directory.index().path("_class_name").asText();
        Family family = Family.of(className)
                .orElseThrow(() -> new ModelDirectoryException(
                        "folder",
                        "_class_name in model_index.json",
                        "TextToVideoSDPipeline or AnimateDiffPipeline",
                        className.isEmpty() ? "none" : className));
        TextToVideoModel networks = TextToVideoModel.load(directory, configuration.sessionSettings());
        try {
            int fixed = networks.network().fixedFrames();
            return new TextToVideoPipeline(family, networks, fixed > 0 ? fixed : usualFrames, configuration);
        } catch (RuntimeException e) {
            networks.close();
            throw e;
        }
    }

    private Row probe(int most, int frames, Tensor embeds, GaussianNoise noise) {
        Traits traits = networks.traits();
        int usual = Math.ceilDiv(Math.min(most, traits.latentSize()), traits.sizeMultiple()) * traits.sizeMultiple();
        int height = networks.network().fixedHeight() > 0 ? networks.network().fixedHeight() : usual;
        int width = networks.network().fixedWidth() > 0 ? networks.network().fixedWidth() : usual;
        Tensor latents = noise.next(1, traits.latentChannels(), frames, height, width);
        return new Row(latents, 500, Map.of(NetworkInput.PROMPT_EMBEDS, embeds));
    }

    /** Times the network on a window of the size that it was trained on; see {@link Denoiser#tune}. */
    void tune(int mostLanes) {
        Tensor embeds = encode("", 0, new Cancellation());
        denoiser.tune(probe(Integer.MAX_VALUE, window, embeds, GaussianNoise.seeded(0)), mostLanes);
    }

    /** Announces a request, which from now on has its place among all requests. The caller closes it. */
    Work open(StepBatcher batcher, VideoRequest request, Cancellation cancellation) {
        Traits traits = networks.traits();
        FrameWindows windows = FrameWindows.of(request.numFrames(), window);
        int prompts = request.guidance().enabled() ? 2 : 1;
        int steps = request.schedule(this).length() + 1; // decoding takes about as long as one step more
        return denoiser.open(
                batcher,
                steps * windows.count() * prompts,
                traits.latentChannels() * windows.frames(),
                request.height() / traits.vaeScaleFactor(),
                request.width() / traits.vaeScaleFactor(),
                cancellation);
    }

    /**
     * Makes the latents (F, C, h, w) of a request's base frames.
     *
     * @throws java.util.concurrent.CancellationException within one step after {@code work} is cancelled
     */
    Tensor denoise(VideoRequest request, Progress progress, Work work) {
        List<Tensor> prompts = prompts(request, progress, work); // (1, L, D) each, negative first
        Schedule schedule = request.schedule(this);
        FrameWindows windows = FrameWindows.of(request.numFrames(), window);
        GaussianNoise noise = GaussianNoise.seeded(request.seed());
        Tensor latents = Tensor.scale(schedule.initNoiseSigma(), start(request, windows, noise)); // (1, C, F, h, w)

        progress.denoisingStarted();
        History history = History.EMPTY;
        for (int step = 0; step < schedule.length(); step++) {
            Tensor modelInput = schedule.scaleModelInput(latents, step);
            Tensor noisePred = predict(modelInput, schedule.timestep(step), prompts, windows, request.guidance(), work);
            Tensor rows = family.toSampler(latents);
            SchedulerOutput output =
                    schedule.step(family.toSampler(noisePred), rows, step, history, () -> noise.next(rows.shape()));
            latents = family.fromSampler(output.prevSample());
            history = output.history();
            progress.stepCompleted(
                    step + 1, schedule.length(), latents, family.fromSampler(output.predOriginalSample()));
        }
        return frames(latents);
    }

    private List<Tensor> prompts(VideoRequest request, Progress progress, Work work) {
        warnOfTruncated("prompt", request.prompt(), progress);
        Tensor positive = work.run(cancellation -> encode(request.prompt(), request.clipSkip(), cancellation));
        if (!request.guidance().enabled()) {
            return List.of(positive);
        }
        warnOfTruncated("negative prompt", request.negativePrompt(), progress);
        return List.of(work.run(cancellation -> encode(request.negativePrompt(), 0, cancellation)), positive);
    }

    private void warnOfTruncated(String field, String prompt, Progress progress) {
        Encoding encoding = networks.textEncoder().tokenizer().encode(prompt);
        if (!encoding.unseen().isEmpty()) {
            progress.warning(
                    "PROMPT_TRUNCATED",
                    "The " + field + " is longer than the text encoder's window of "
                            + encoding.ids().dim(1) + " tokens. Not seen: " + String.join(" ", encoding.unseen()));
        }
    }

    private Tensor encode(String prompt, int clipSkip, Cancellation cancellation) {
        Tensor ids = networks.textEncoder().tokenizer().encode(prompt).ids();
        return networks.textEncoder().lastButNormed(ids, clipSkip, cancellation);
    }

    private Tensor start(VideoRequest request, FrameWindows windows, GaussianNoise noise) {
        Traits traits = networks.traits();
        return windows.noise(
                noise,
                request.seed(),
                traits.latentChannels(),
                request.height() / traits.vaeScaleFactor(),
                request.width() / traits.vaeScaleFactor());
    }

    /** Asks for all windows, each under all prompts, at once: (1, C, F, h, w) to (1, C, F, h, w). */
    private Tensor predict(
            Tensor modelInput,
            float timestep,
            List<Tensor> prompts,
            FrameWindows windows,
            Guidance guidance,
            Work work) {
        List<Row> rows = IntStream.range(0, windows.count() * prompts.size())
                .mapToObj(row -> new Row(
                        windows.cut(modelInput, row / prompts.size()),
                        timestep,
                        Map.of(NetworkInput.PROMPT_EMBEDS, prompts.get(row % prompts.size()))))
                .toList();
        List<Tensor> predictions = denoiser.predict(rows, work);
        return windows.blend(IntStream.range(0, windows.count())
                .mapToObj(each -> prompts.size() == 2
                        ? guidance.apply(predictions.get(2 * each), predictions.get(2 * each + 1))
                        : predictions.get(each))
                .toList());
    }

    /** Returns the frames (F, C, h, w) of a video (1, C, F, h, w). */
    private static Tensor frames(Tensor video) {
        return Tensor.swapped(video.reshape(video.dim(1), video.dim(2), video.dim(3), video.dim(4)));
    }

    /**
     * Decodes one base frame of {@link #denoise}'s latents (F, C, h, w).
     *
     * @throws DegenerateImageException if it is not finite, or of a single colour
     */
    RgbImage frame(Tensor latents, int index, Work work) {
        RgbImage frame = decoder.decode(latents.row(index), work);
        if (frame.isConstant()) {
            throw DegenerateImageException.constant();
        }
        return frame;
    }

    /** Half-way latents may be beyond what the decoder can take; then there is no picture, and the clip is still to come. */
    Optional<RgbImage> rough(Tensor video, int index, Work work) {
        try {
            return Optional.of(decoder.decode(frames(video).row(index), work));
        } catch (DegenerateImageException e) {
            return Optional.empty();
        }
    }

    TextToVideoModel networks() {
        return networks;
    }

    Family family() {
        return family;
    }

    Denoiser denoiser() {
        return denoiser;
    }

    /** Returns the sampler options of the folder, as diffusers' pipelines of these classes read them: as they stand. */
    SchedulerConfig scheduler() {
        return scheduler;
    }

    /** Returns how many frames the model draws at once. */
    int window() {
        return window;
    }

    int maxClipSkip() {
        return networks.textEncoder().maxClipSkip();
    }

    int promptWindow() {
        return networks.textEncoder().tokenizer().window();
    }

    @Override
    public void close() {
        networks.close();
    }
}
