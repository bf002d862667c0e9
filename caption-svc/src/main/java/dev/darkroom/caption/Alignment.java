// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.caption;

import com.google.protobuf.ByteString;
import dev.darkroom.caption.v1.AlignmentForm;
import dev.darkroom.caption.v1.AlignmentVariant;
import dev.darkroom.caption.v1.ClassifyRequest;
import dev.darkroom.caption.v1.ClassifyResponse;
import dev.darkroom.caption.v1.EmbedRequest;
import dev.darkroom.caption.v1.EmbedResponse;
import dev.darkroom.caption.v1.Embedding;
import dev.darkroom.caption.v1.LabelProbability;
import dev.darkroom.caption.v1.ScoreAlignmentRequest;
import dev.darkroom.caption.v1.ScoreAlignmentResponse;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.image.ImageLimits;
import dev.darkroom.media.v1.Warning;
import dev.darkroom.rpc.Violations;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.function.Function;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Scores, labels and vectors of one alignment model: checks a request, embeds what it brought, and compares. Used by one request. */
final class Alignment {
    private static final String USUAL_TEMPLATE = "a photo of {}";
    private static final String PLACE = "{}";
    private static final int MAX_LABEL_LENGTH = 200;

    private final Aligner aligner;
    private final ImageLimits imageLimits;
    private final Violations violations = new Violations();

    Alignment(Aligner aligner, ImageLimits imageLimits) {
        this.aligner = aligner;
        this.imageLimits = imageLimits;
    }

    /** A request that was found good, still to be worked on. */
    @FunctionalInterface
    interface Checked<R> {
        R answer(Cancellation cancellation);
    }

    /** @throws dev.darkroom.rpc.Fault.InvalidArgument with every bad field */
    Checked<ScoreAlignmentResponse> score(ScoreAlignmentRequest request) {
        AlignmentForm form = request.getForm() == AlignmentForm.ALIGNMENT_FORM_UNSPECIFIED
                ? AlignmentForm.ALIGNMENT_FORM_PAIRS
                : request.getForm();
        AlignmentVariant variant = request.getVariant() == AlignmentVariant.ALIGNMENT_VARIANT_UNSPECIFIED
                ? AlignmentVariant.ALIGNMENT_VARIANT_CLIPSCORE
                : request.getVariant();
        violations.check(form != AlignmentForm.UNRECOGNIZED, "form", "a known form", request.getFormValue());
        violations.check(
                variant != AlignmentVariant.UNRECOGNIZED, "variant", "a known variant", request.getVariantValue());
        List<GivenPicture> pictures = pictures(request.getImagesList(), 1);
        texts("texts", request.getTextsList(), 1, Aligner.MAX_TEXT_LENGTH);
        violations.check(
                form != AlignmentForm.ALIGNMENT_FORM_PAIRS || request.getTextsCount() == request.getImagesCount(),
                "texts",
                "as many as the pictures, " + request.getImagesCount() + ", in PAIRS",
                request.getTextsCount());
        violations.throwIfAny();
        return cancellation -> {
            List<float[]> images = all(pictures, picture -> aligner.embed(picture.image(), cancellation));
            List<float[]> texts = all(request.getTextsList(), text -> aligner.embed(text, cancellation));
            return ScoreAlignmentResponse.newBuilder()
                    .addAllScores(cosines(images, texts, form)
                            .map(cosine -> score(cosine, variant))
                            .toList())
                    .setNumImages(images.size())
                    .setNumTexts(texts.size())
                    .setForm(form)
                    .setVariant(variant)
                    .addAllWarnings(warnings(pictures, request.getTextsList()))
                    .setModel(aligner.name())
                    .setFingerprint(aligner.fingerprint())
                    .build();
        };
    }

    private static Stream<Float> cosines(List<float[]> images, List<float[]> texts, AlignmentForm form) {
        return form == AlignmentForm.ALIGNMENT_FORM_PAIRS
                ? IntStream.range(0, images.size()).mapToObj(i -> cosine(images.get(i), texts.get(i)))
                : images.stream().flatMap(image -> texts.stream().map(text -> cosine(image, text)));
    }

    private static float cosine(float[] image, float[] text) {
        double sum = 0;
        for (int i = 0; i < image.length; i++) {
            sum += (double) image[i] * text[i];
        }
        return (float) Math.clamp(sum, -1, 1);
    }

    private static float score(float cosine, AlignmentVariant variant) {
        return switch (variant) {
            case ALIGNMENT_VARIANT_CLIPSCORE_100 -> 100 * Math.max(cosine, 0);
            case ALIGNMENT_VARIANT_COSINE -> cosine;
            case ALIGNMENT_VARIANT_CLIPSCORE, ALIGNMENT_VARIANT_UNSPECIFIED, UNRECOGNIZED -> 2.5f * Math.max(cosine, 0);
        };
    }

    /** @throws dev.darkroom.rpc.Fault.InvalidArgument with every bad field */
    Checked<ClassifyResponse> classify(ClassifyRequest request) {
        GivenPicture picture =
                GivenPicture.decode(request.getImage(), "image", imageLimits, aligner.imageSize(), violations);
        List<String> labels = request.getLabelsList();
        texts("labels", labels, 2, MAX_LABEL_LENGTH);
        int different = new HashSet<>(labels).size();
        violations.check(different == labels.size(), "labels", "all different", labels.size() - different + " twice");
        String template = request.getTemplate().isEmpty() ? USUAL_TEMPLATE : request.getTemplate();
        violations.text("template", template, 2, MAX_LABEL_LENGTH);
        violations.check(
                template.indexOf(PLACE) >= 0 && template.indexOf(PLACE) == template.lastIndexOf(PLACE),
                "template",
                "a sentence with exactly one {}",
                "one with " + (template.split("\\{}", -1).length - 1));
        violations.throwIfAny();
        List<String> sentences =
                labels.stream().map(label -> template.replace(PLACE, label)).toList();
        return cancellation -> {
            float[] image = aligner.embed(picture.image(), cancellation);
            List<Float> cosines = all(sentences, text -> aligner.embed(text, cancellation)).stream()
                    .map(text -> cosine(image, text))
                    .toList();
            return ClassifyResponse.newBuilder()
                    .addAllLabels(ranked(labels, cosines, aligner.logitScale()))
                    .addAllWarnings(warnings(List.of(picture), sentences))
                    .setModel(aligner.name())
                    .setFingerprint(aligner.fingerprint())
                    .build();
        };
    }

    private static List<LabelProbability> ranked(List<String> labels, List<Float> cosines, float scale) {
        double best = cosines.stream().mapToDouble(Float::doubleValue).max().orElse(0);
        double sum = cosines.stream()
                .flatMapToDouble(cosine -> DoubleStream.of(Math.exp(scale * (cosine - best))))
                .sum();
        return IntStream.range(0, labels.size())
                .mapToObj(i -> LabelProbability.newBuilder()
                        .setLabel(labels.get(i))
                        .setCosine(cosines.get(i))
                        .setProbability((float) (Math.exp(scale * (cosines.get(i) - best)) / sum))
                        .build())
                .sorted(Comparator.comparingDouble(LabelProbability::getProbability)
                        .reversed())
                .toList();
    }

    /** @throws dev.darkroom.rpc.Fault.InvalidArgument with every bad field */
    Checked<EmbedResponse> embed(EmbedRequest request) {
        List<GivenPicture> pictures = pictures(request.getImagesList(), 0);
        texts("texts", request.getTextsList(), 0, Aligner.MAX_TEXT_LENGTH);
        violations.check(
                request.getImagesCount() + request.getTextsCount() > 0,
                "images",
                "there, or texts",
                "empty like texts");
        violations.throwIfAny();
        return cancellation -> EmbedResponse.newBuilder()
                .addAllImages(all(pictures, picture -> vector(aligner.embed(picture.image(), cancellation))))
                .addAllTexts(all(request.getTextsList(), text -> vector(aligner.embed(text, cancellation))))
                .addAllWarnings(warnings(pictures, request.getTextsList()))
                .setModel(aligner.name())
                .setFingerprint(aligner.fingerprint())
                .build();
    }

    private static Embedding vector(float[] values) {
        Embedding.Builder vector = Embedding.newBuilder();
        for (float value : values) {
            vector.addValues(value);
        }
        return vector.build();
    }

    private static <T, R> List<R> all(List<T> values, Function<T, R> function) {
        return values.stream().map(function).toList();
    }

    private List<GivenPicture> pictures(List<ByteString> files, int least) {
        int most = aligner.limits().getMaxImages();
        violations.check(
                files.size() >= least && files.size() <= most,
                "images",
                least + " to " + most + " pictures",
                files.size());
        List<GivenPicture> pictures = new ArrayList<>();
        for (int i = 0; i < Math.min(most, files.size()); i++) {
            pictures.add(GivenPicture.decode(
                    files.get(i), "images[" + i + "]", imageLimits, aligner.imageSize(), violations));
        }
        return pictures;
    }

    private void texts(String field, List<String> texts, int least, int longest) {
        int most = aligner.limits().getMaxTexts();
        violations.check(
                texts.size() >= least && texts.size() <= most, field, least + " to " + most + " texts", texts.size());
        for (int i = 0; i < Math.min(most, texts.size()); i++) {
            violations.text(field + "[" + i + "]", texts.get(i), 1, longest);
        }
    }

    /** Each reason once, for the first picture or text that it is about. */
    private List<Warning> warnings(List<GivenPicture> pictures, List<String> texts) {
        List<Warning> warnings = new ArrayList<>();
        IntStream.range(0, pictures.size())
                .mapToObj(i -> pictures.get(i).warnings("picture " + i, aligner.imageSize()))
                .flatMap(List::stream)
                .filter(warning ->
                        warnings.stream().noneMatch(known -> known.getReason().equals(warning.getReason())))
                .forEachOrdered(warnings::add);
        IntStream.range(0, texts.size())
                .filter(i -> !aligner.seesAllOf(texts.get(i)))
                .limit(1)
                .mapToObj(i -> GivenPicture.warning(
                        "TEXT_TRUNCATED",
                        "text " + i + " has more than the " + aligner.limits().getTextWindow()
                                + " tokens that the model sees"))
                .forEach(warnings::add);
        return warnings;
    }
}
