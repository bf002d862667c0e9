// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.caption;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.within;

import com.google.protobuf.ByteString;
import dev.darkroom.caption.v1.AlignmentForm;
import dev.darkroom.caption.v1.AlignmentVariant;
import dev.darkroom.caption.v1.ClassifyRequest;
import dev.darkroom.caption.v1.ClassifyResponse;
import dev.darkroom.caption.v1.EmbedRequest;
import dev.darkroom.caption.v1.EmbedResponse;
import dev.darkroom.caption.v1.Embedding;
import dev.darkroom.caption.v1.LabelProbability;
import dev.darkroom.caption.v1.ListModelsRequest;
import dev.darkroom.caption.v1.ScoreAlignmentRequest;
import dev.darkroom.caption.v1.ScoreAlignmentResponse;
import dev.darkroom.media.v1.Warning;
import dev.darkroom.rpc.ErrorDetails;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Scores, labels and vectors through the real stub; that embeddings equal transformers' is inference's to prove. */
final class AlignmentServiceTest {
    private static final List<ByteString> PICTURES = List.of(
            TestingModels.picture(24, 24, 1), TestingModels.picture(50, 37, 5), TestingModels.picture(64, 30, 9));
    private static final List<String> TEXTS = List.of("a cat", "the fox in snow", "FOX!");

    @TempDir
    private static Path models;

    private static TestingService service;

    @BeforeAll
    static void start() throws IOException {
        service = new TestingService(
                TestingModels.in(models), Map.of("darkroom.caption.models", List.of(TestingModels.ALIGNER)));
    }

    @AfterAll
    static void stop() {
        service.close();
    }

    private static ScoreAlignmentResponse score(AlignmentForm form, AlignmentVariant variant) {
        return service.stub()
                .scoreAlignment(ScoreAlignmentRequest.newBuilder()
                        .setForm(form)
                        .setVariant(variant)
                        .addAllImages(PICTURES)
                        .addAllTexts(TEXTS)
                        .build());
    }

    private static double dot(Embedding a, Embedding b) {
        double sum = 0;
        for (int i = 0; i < a.getValuesCount(); i++) {
            sum += (double) a.getValues(i) * b.getValues(i);
        }
        return sum;
    }

    private static List<String> badFields(ThrowingCallable call) {
        StatusRuntimeException thrown = (StatusRuntimeException) catchThrowable(call);
        return ErrorDetails.of(thrown).violations().stream()
                .map(violation -> violation.field())
                .toList();
    }

    @Test
    void scoreAlignment_everyForm_isTheProductOfTheVectors() {
        EmbedResponse vectors = service.stub()
                .embed(EmbedRequest.newBuilder()
                        .addAllImages(PICTURES)
                        .addAllTexts(TEXTS)
                        .build());
        ScoreAlignmentResponse matrix =
                score(AlignmentForm.ALIGNMENT_FORM_MATRIX, AlignmentVariant.ALIGNMENT_VARIANT_COSINE);
        ScoreAlignmentResponse pairs =
                score(AlignmentForm.ALIGNMENT_FORM_UNSPECIFIED, AlignmentVariant.ALIGNMENT_VARIANT_UNSPECIFIED);
        ScoreAlignmentResponse hundred =
                score(AlignmentForm.ALIGNMENT_FORM_PAIRS, AlignmentVariant.ALIGNMENT_VARIANT_CLIPSCORE_100);
        assertThat(matrix.getScoresCount()).isEqualTo(9);
        assertThat(pairs.getForm()).isEqualTo(AlignmentForm.ALIGNMENT_FORM_PAIRS);
        assertThat(pairs.getVariant()).isEqualTo(AlignmentVariant.ALIGNMENT_VARIANT_CLIPSCORE);
        for (int i = 0; i < 3; i++) {
            assertThat(dot(vectors.getImages(i), vectors.getImages(i))).isCloseTo(1, within(1e-5));
            for (int j = 0; j < 3; j++) {
                assertThat((double) matrix.getScores(i * 3 + j))
                        .isCloseTo(dot(vectors.getImages(i), vectors.getTexts(j)), within(1e-6));
            }
            float cosine = Math.max(0, matrix.getScores(i * 4));
            assertThat(pairs.getScores(i)).isCloseTo(2.5f * cosine, within(1e-6f));
            assertThat(hundred.getScores(i)).isCloseTo(100 * cosine, within(1e-4f));
        }
    }

    @Test
    void scoreAlignment_longTextAndSmallPicture_warnOnceEach() {
        ScoreAlignmentResponse response = service.stub()
                .scoreAlignment(ScoreAlignmentRequest.newBuilder()
                        .addImages(TestingModels.picture(9, 13, 1))
                        .addImages(TestingModels.picture(8, 8, 1))
                        .addTexts("fox")
                        .addTexts("fox ".repeat(40))
                        .build());
        assertThat(response.getWarningsList().stream().map(Warning::getReason))
                .containsExactly("INPUT_SMALL", "TEXT_TRUNCATED");
        assertThat(response.getWarnings(0).getMessage()).startsWith("picture 0 is 9 x 13 pixels");
        assertThat(response.getWarnings(1).getMessage()).startsWith("text 1 has more than the 16 tokens");
    }

    @Test
    void classify_labels_areRankedAndSumToOne() {
        ClassifyResponse response = service.stub()
                .classify(ClassifyRequest.newBuilder()
                        .setImage(PICTURES.get(1))
                        .addAllLabels(List.of("cat", "fox", "snow"))
                        .setTemplate("the {} in snow")
                        .build());
        List<LabelProbability> labels = response.getLabelsList();
        assertThat(labels.stream().map(LabelProbability::getLabel)).containsExactlyInAnyOrder("cat", "fox", "snow");
        assertThat(labels.stream().mapToDouble(LabelProbability::getProbability).sum())
                .isCloseTo(1, within(1e-5));
        float logitScale = service.stub()
                .listModels(ListModelsRequest.getDefaultInstance())
                .getAlignmentModels(0)
                .getLogitScale();
        assertThat(Math.log(labels.get(0).getProbability() / labels.get(1).getProbability()))
                .isCloseTo(
                        logitScale * (labels.get(0).getCosine() - labels.get(1).getCosine()), within(1e-4));
        assertThat(labels.stream().map(LabelProbability::getProbability).toList())
                .isSortedAccordingTo(Collections.reverseOrder());
    }

    @Test
    void everyMethod_badRequests_nameEveryField() {
        assertThat(badFields(() -> service.stub()
                        .scoreAlignment(ScoreAlignmentRequest.newBuilder()
                                .setFormValue(77)
                                .setVariantValue(77)
                                .addImages(ByteString.copyFromUtf8("none"))
                                .addTexts("")
                                .build())))
                .containsExactlyInAnyOrder("form", "variant", "images[0]", "texts[0]");
        assertThat(badFields(() -> service.stub()
                        .scoreAlignment(ScoreAlignmentRequest.newBuilder()
                                .addAllImages(Collections.nCopies(17, PICTURES.getFirst()))
                                .addTexts("fox")
                                .build())))
                .containsExactlyInAnyOrder("images", "texts");
        assertThat(badFields(() -> service.stub()
                        .classify(ClassifyRequest.newBuilder()
                                .addLabels("fox")
                                .setTemplate("{} and {}")
                                .build())))
                .containsExactlyInAnyOrder("image", "labels", "template");
        assertThat(badFields(() -> service.stub()
                        .classify(ClassifyRequest.newBuilder()
                                .setImage(PICTURES.getFirst())
                                .addLabels("fox")
                                .addLabels("fox")
                                .build())))
                .containsExactly("labels");
        assertThat(badFields(() -> service.stub().embed(EmbedRequest.getDefaultInstance())))
                .containsExactly("images");
    }

    @Test
    void caption_noCaptionerLoaded_isNotFound() {
        assertThatExceptionOfType(StatusRuntimeException.class)
                .isThrownBy(
                        () -> service.stub().caption(TestingService.request().build()))
                .satisfies(e -> assertThat(ErrorDetails.of(e).reason()).isEqualTo("MODEL_UNKNOWN"));
    }
}
