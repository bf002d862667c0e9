// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.caption;

import dev.darkroom.caption.v1.CaptionLimits;
import dev.darkroom.caption.v1.CaptionParameters;
import dev.darkroom.caption.v1.CaptionRequest;
import dev.darkroom.caption.v1.CaptionStyle;
import dev.darkroom.caption.v1.EarlyStopping;
import dev.darkroom.inference.generation.GenerationConfig;
import dev.darkroom.inference.generation.GenerationSettings;
import dev.darkroom.inference.generation.Sampling;
import dev.darkroom.inference.image.ImageLimits;
import dev.darkroom.rpc.Violations;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * A request for words, checked, with every default resolved.
 *
 * @param parameters as they are used
 * @param settings the same for the search, which returns all its beams, so that there are others where filters refuse one
 * @param prompt start token and prefix
 * @param blockedTerms of the request
 */
record Captioning(
        Captioner captioner,
        CaptionParameters parameters,
        GenerationSettings settings,
        List<Integer> prompt,
        GivenPicture picture,
        boolean includesLowConfidence,
        float minConfidence,
        List<String> blockedTerms) {
    private static final int MAX_BLOCKED_TERMS = 256;
    private static final int MAX_TERM_LENGTH = 64;

    /**
     * Checks a request.
     *
     * @param path what stands before the names of its fields
     * @param streamed whether tokens are told as they come, which takes a single row
     * @throws dev.darkroom.rpc.Fault.InvalidArgument with every bad field
     */
    static Captioning from(
            CaptionRequest proto, Captioner captioner, ImageLimits limits, String path, boolean streamed) {
        return new Reader(proto.getParameters(), captioner, path, streamed).read(proto, limits);
    }

    /** One request on its way. */
    private static final class Reader {
        private final CaptionParameters given;
        private final Captioner captioner;
        private final GenerationConfig config;
        private final CaptionLimits limits;
        private final String path;
        private final boolean streamed;
        private final boolean drawn;
        private final Violations violations = new Violations();

        Reader(CaptionParameters given, Captioner captioner, String path, boolean streamed) {
            this.given = given;
            this.captioner = captioner;
            this.config = captioner.config();
            this.limits = captioner.limits();
            this.path = path;
            this.streamed = streamed;
            this.drawn = given.getDoSample();
        }

        Captioning read(CaptionRequest proto, ImageLimits imageLimits) {
            violations.check(
                    given.getStyle() != CaptionStyle.UNRECOGNIZED,
                    field("style"),
                    "a known style",
                    given.getStyleValue());
            List<Integer> prompt = prompt();
            GenerationSettings settings = settings(prompt.size());
            float minConfidence = proto.hasMinConfidence()
                    ? proto.getMinConfidence()
                    : captioner.calibration().threshold();
            violations.range(path + "min_confidence", minConfidence, 0, 1);
            terms(proto.getBlockedTermsList());
            GivenPicture picture = GivenPicture.decode(
                    proto.getImage(),
                    path + "image",
                    imageLimits,
                    captioner.networks().imageSize(),
                    violations);
            violations.throwIfAny();
            return new Captioning(
                    captioner,
                    used(settings),
                    settings,
                    prompt,
                    picture,
                    proto.getIncludeLowConfidence(),
                    minConfidence,
                    proto.getBlockedTermsList());
        }

        private String field(String name) {
            return path + "parameters." + name;
        }

        /** Returns the style as generation_config.json names it. */
        private String style() {
            return switch (given.getStyle()) {
                case CAPTION_STYLE_SHORT -> "short";
                case CAPTION_STYLE_DETAILED -> "detailed";
                case CAPTION_STYLE_ALT_TEXT -> "alt_text";
                case CAPTION_STYLE_UNSPECIFIED, UNRECOGNIZED -> "";
            };
        }

        private List<Integer> prompt() {
            List<Integer> prompt = new ArrayList<>();
            prompt.add(config.start(style()));
            if (violations.text(field("prefix"), given.getPrefix(), 0, limits.getMaxPrefixLength())) {
                int[] prefix = captioner.networks().tokenizer().encode(given.getPrefix());
                int room = captioner.networks().decoder().window() - 2;
                violations.check(prefix.length <= room, field("prefix"), "at most " + room + " tokens", prefix.length);
                Arrays.stream(prefix).limit(room).forEach(prompt::add);
            }
            return prompt;
        }

        private GenerationSettings settings(int promptLength) {
            GenerationSettings usual = config.settings();
            int beams = beams();
            int captions = captions(beams);
            double lengthPenalty = given.hasLengthPenalty() ? given.getLengthPenalty() : usual.lengthPenalty();
            violations.range(field("length_penalty"), (float) lengthPenalty, -10, 10);
            int ngram = given.hasNoRepeatNgramSize() ? given.getNoRepeatNgramSize() : usual.noRepeatNgramSize();
            violations.range(field("no_repeat_ngram_size"), ngram, 0, 100);
            double repetition = given.hasRepetitionPenalty() ? given.getRepetitionPenalty() : usual.repetitionPenalty();
            above0(field("repetition_penalty"), repetition);
            int most = most(promptLength);
            int least = given.hasMinNewTokens() ? given.getMinNewTokens() : Math.min(usual.minNewTokens(), most);
            violations.range(field("min_new_tokens"), least, 0, most);
            @Nullable Sampling sampling = sampling();
            var stopping = stopping(beams);
            if (!violations.isEmpty()) {
                return usual; // refused as a whole in the end
            }
            return new GenerationSettings(
                    beams, drawn ? captions : beams, lengthPenalty, stopping, ngram, repetition, least, most, sampling);
        }

        private int beams() {
            boolean single = drawn || streamed;
            int beams = given.hasNumBeams() ? given.getNumBeams() : single ? 1 : captioner.usualBeams();
            violations.range(field("num_beams"), beams, 1, single ? 1 : limits.getMaxNumBeams());
            return beams;
        }

        private int captions(int beams) {
            int captions = given.hasNumReturnSequences() ? given.getNumReturnSequences() : 1;
            int most = streamed ? 1 : drawn ? limits.getMaxNumReturnSequences() : Math.max(1, beams);
            violations.range(field("num_return_sequences"), captions, 1, most);
            return captions;
        }

        private int most(int promptLength) {
            int room = Math.min(
                    limits.getMaxNewTokens(), captioner.networks().decoder().window() - promptLength);
            if (!given.hasMaxNewTokens()) {
                return Math.min(config.maxNewTokens(promptLength), room);
            }
            violations.range(field("max_new_tokens"), given.getMaxNewTokens(), 1, room);
            return given.getMaxNewTokens();
        }

        private dev.darkroom.inference.generation.EarlyStopping stopping(int beams) {
            EarlyStopping stopping = given.getEarlyStopping();
            violations.check(
                    stopping != EarlyStopping.UNRECOGNIZED,
                    field("early_stopping"),
                    "a known rule",
                    given.getEarlyStoppingValue());
            violations.check(
                    beams != 1 || stopping == EarlyStopping.EARLY_STOPPING_UNSPECIFIED,
                    field("early_stopping"),
                    "unset where num_beams is 1",
                    stopping);
            return switch (stopping) {
                case EARLY_STOPPING_TRUE -> dev.darkroom.inference.generation.EarlyStopping.TRUE;
                case EARLY_STOPPING_FALSE -> dev.darkroom.inference.generation.EarlyStopping.FALSE;
                case EARLY_STOPPING_NEVER -> dev.darkroom.inference.generation.EarlyStopping.NEVER;
                case EARLY_STOPPING_UNSPECIFIED, UNRECOGNIZED ->
                    config.settings().earlyStopping();
            };
        }

        private @Nullable Sampling sampling() {
            if (!drawn) {
                unset(given.hasTemperature(), "temperature", given.getTemperature());
                unset(given.hasTopK(), "top_k", given.getTopK());
                unset(given.hasTopP(), "top_p", given.getTopP());
                unset(given.hasSeed(), "seed", given.getSeed());
                return null;
            }
            Sampling usual = GenerationConfig.sampling(captioner.networks().directory());
            double temperature = given.hasTemperature() ? given.getTemperature() : usual.temperature();
            boolean good = above0(field("temperature"), temperature);
            int topK = given.hasTopK() ? given.getTopK() : usual.topK();
            good &= violations.range(
                    field("top_k"), topK, 0, captioner.networks().decoder().vocabularySize());
            double topP = given.hasTopP() ? given.getTopP() : usual.topP();
            good &= violations.check(topP > 0 && topP <= 1, field("top_p"), "above 0, to 1", given.getTopP());
            long seed = given.hasSeed()
                    ? given.getSeed()
                    : ThreadLocalRandom.current().nextLong(1L << 32);
            return good ? new Sampling(temperature, topK, topP, seed) : null;
        }

        private void unset(boolean set, String name, Object value) {
            violations.check(!set, field(name), "unset without do_sample", value);
        }

        private boolean above0(String field, double value) {
            return violations.check(value > 0 && value <= 100, field, "above 0, to 100", (float) value);
        }

        private void terms(List<String> terms) {
            violations.check(
                    terms.size() <= MAX_BLOCKED_TERMS,
                    path + "blocked_terms",
                    "at most " + MAX_BLOCKED_TERMS + " terms",
                    terms.size());
            for (int i = 0; i < Math.min(terms.size(), MAX_BLOCKED_TERMS); i++) {
                violations.text(path + "blocked_terms[" + i + "]", terms.get(i), 1, MAX_TERM_LENGTH);
            }
        }

        private CaptionParameters used(GenerationSettings settings) {
            CaptionParameters.Builder used = CaptionParameters.newBuilder()
                    .setModel(captioner.name())
                    .setStyle(given.getStyle())
                    .setPrefix(given.getPrefix())
                    .setNumBeams(settings.numBeams())
                    .setNumReturnSequences(given.hasNumReturnSequences() ? given.getNumReturnSequences() : 1)
                    .setNoRepeatNgramSize(settings.noRepeatNgramSize())
                    .setRepetitionPenalty((float) settings.repetitionPenalty())
                    .setMinNewTokens(settings.minNewTokens())
                    .setMaxNewTokens(settings.maxNewTokens())
                    .setDoSample(drawn);
            if (settings.numBeams() > 1) {
                used.setLengthPenalty((float) settings.lengthPenalty())
                        .setEarlyStopping(Captioner.toProto(settings.earlyStopping()));
            }
            Sampling sampling = settings.sampling();
            if (sampling != null) {
                used.setTemperature((float) sampling.temperature())
                        .setTopK(sampling.topK())
                        .setTopP((float) sampling.topP())
                        .setSeed(sampling.seed());
            }
            return used.build();
        }
    }

    /** Leaves the prefix out, which must not reach a log. */
    @Override
    public String toString() {
        return "Captioning[model=" + captioner.name() + "]";
    }
}
