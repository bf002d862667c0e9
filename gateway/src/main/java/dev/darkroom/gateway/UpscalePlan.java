// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.gateway.v1.StreamGenerateImagesRequest;
import dev.darkroom.media.v1.Fingerprint;
import dev.darkroom.rpc.Fault;
import dev.darkroom.rpc.Violations;
import dev.darkroom.text2image.v1.ImageModel;
import dev.darkroom.text2image.v1.ImageParameters;
import dev.darkroom.text2image.v1.ListModelsResponse;
import dev.darkroom.text2image.v1.UpscaleModel;
import dev.darkroom.text2image.v1.UpscaleParameters;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * How the pictures of one request are enlarged after they are drawn.
 *
 * @param factor what width and height are multiplied by
 * @param passes calls of the upscaler for one picture; 0 where pictures stay as they are
 * @param parameters of each call, no default left open but {@code seed}; empty where pictures stay as they are
 * @param fingerprint of the upscaler; empty where pictures stay as they are
 */
record UpscalePlan(int factor, int passes, UpscaleParameters parameters, Fingerprint fingerprint) {
    private static final int MAX_FACTOR = 16;

    static final UpscalePlan NONE =
            new UpscalePlan(1, 0, UpscaleParameters.getDefaultInstance(), Fingerprint.getDefaultInstance());

    /**
     * Resolves what a request asks for against what is loaded, before anything is drawn.
     *
     * <p>A request that names an unknown image model gets {@link #NONE}: who draws will say so.
     *
     * @param violations gets every bad field; the plan is good for nothing then
     * @throws Fault.NotFound MODEL_UNKNOWN, if the upscaler is unknown and nothing else was found to be wrong
     */
    static UpscalePlan of(StreamGenerateImagesRequest request, ListModelsResponse published, Violations violations) {
        Optional<ImageModel> model =
                PublishedLimits.model(request.getParameters().getModel(), published);
        int factor = model.map(it -> factor(request, it, published)).orElse(1);
        if (model.isEmpty() || factor == 1) {
            return NONE;
        }
        if (published.getUpscalersCount() == 0) {
            violations.add("upscale_factor", "1, as no upscaler is loaded", factor);
            return NONE;
        }
        return PublishedLimits.upscaler("upscale.model", request.getUpscale().getModel(), published, violations)
                .map(upscaler -> of(request, factor, model.get(), upscaler, violations))
                .orElse(NONE);
    }

    private static UpscalePlan of(
            StreamGenerateImagesRequest request,
            int factor,
            ImageModel model,
            UpscaleModel upscaler,
            Violations violations) {
        UpscaleParameters asked = request.getUpscale();
        violations.check(asked.getPrompt().isEmpty(), "upscale.prompt", "left out, as it is the picture's", "set");
        violations.check(!asked.hasSeed(), "upscale.seed", "left out, as it is the picture's", asked.getSeed());
        PublishedLimits.check("upscale.", asked, upscaler, violations);
        List<Integer> factors = factors(upscaler);
        if (violations.check(factors.contains(factor), "upscale_factor", oneOf(factors), factor)
                && isSizeKnown(request)) {
            checkSizes(request.getParameters(), factor, model, upscaler, violations);
        }
        UpscaleParameters parameters = upscaler.getDefaults().toBuilder()
                .mergeFrom(asked)
                .setModel(upscaler.getName())
                .setPrompt(request.getParameters().getPrompt())
                .build();
        return new UpscalePlan(factor, factors.indexOf(factor), parameters, upscaler.getFingerprint());
    }

    /** The model's own factor is a wish: where there is no upscaler, pictures stay as they are. */
    private static int factor(StreamGenerateImagesRequest request, ImageModel model, ListModelsResponse published) {
        if (request.hasUpscaleFactor()) {
            return request.getUpscaleFactor();
        }
        return published.getUpscalersCount() == 0 ? 1 : Math.max(1, model.getDefaultUpscaleFactor());
    }

    /** The factors by number of passes: 1, the upscaler's own, its square, ... */
    private static List<Integer> factors(UpscaleModel upscaler) {
        int scale = Math.max(2, upscaler.getScaleFactor());
        return IntStream.iterate(1, factor -> factor <= MAX_FACTOR, factor -> factor * scale)
                .boxed()
                .toList();
    }

    /** A picture to start from brings its own size, which is not known here. */
    private static boolean isSizeKnown(StreamGenerateImagesRequest request) {
        ImageParameters asked = request.getParameters();
        return request.getImage().isEmpty() || (asked.hasWidth() && asked.hasHeight());
    }

    /** Every pass must take the picture that it gets, the last one the largest. */
    private static void checkSizes(
            ImageParameters asked, int factor, ImageModel model, UpscaleModel upscaler, Violations violations) {
        int width = asked.hasWidth() ? asked.getWidth() : model.getDefaults().getWidth();
        int height = asked.hasHeight() ? asked.getHeight() : model.getDefaults().getHeight();
        if (!PublishedLimits.fits(width, model.getLimits()) || !PublishedLimits.fits(height, model.getLimits())) {
            return; // who draws will say so
        }
        int min = upscaler.getLimits().getMinSize();
        int max = upscaler.getLimits().getMaxSize();
        long largest = (long) Math.max(width, height) * (factor / upscaler.getScaleFactor());
        String limit = "one by which %s can enlarge %dx%d pixels: it takes %d to %d a side at a time"
                .formatted(upscaler.getName(), width, height, min, max);
        violations.check(Math.min(width, height) >= min && largest <= max, "upscale_factor", limit, factor);
    }

    private static String oneOf(List<Integer> factors) {
        return "one of "
                + String.join(", ", factors.stream().map(String::valueOf).toList());
    }

    /** Returns the parameters for the picture with that seed. */
    UpscaleParameters parametersOf(long seed) {
        return parameters.toBuilder().setSeed(seed).build();
    }
}
