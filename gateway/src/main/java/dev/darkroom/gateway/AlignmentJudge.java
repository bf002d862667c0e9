// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import com.google.protobuf.ByteString;
import dev.darkroom.caption.v1.AlignmentVariant;
import dev.darkroom.caption.v1.ScoreAlignmentRequest;
import dev.darkroom.caption.v1.ScoreAlignmentResponse;
import dev.darkroom.rpc.Fault;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import jakarta.inject.Singleton;
import java.util.List;

/** Asks the caption service how well a drawn picture agrees with its prompt. Thread-safe. */
@Singleton
final class AlignmentJudge {
    private final Captioner captioner;

    AlignmentJudge(Captioner captioner) {
        this.captioner = captioner;
    }

    /**
     * Makes sure that there is somebody to score pictures.
     *
     * @throws Fault.Unavailable CAPTION_UNAVAILABLE, if there is no caption service, or none that answers
     * @throws Fault.NotFound MODEL_UNKNOWN, if it has no alignment model
     */
    void requireAvailable() {
        if (captioner.models().getAlignmentModelsCount() == 0) {
            throw new Fault.NotFound("MODEL_UNKNOWN", "alignment model", "", List.of());
        }
    }

    /**
     * Scores a picture.
     *
     * @param picture encoded
     * @return one finite CLIPScore, 0 to 2.5, and what decided it
     * @throws Fault.Unavailable CAPTION_UNAVAILABLE, if the caption service cannot be reached or does not answer in time
     * @throws Fault.Internal PICTURE_NOT_SCORED, if it refuses what was drawn, or answers with something else than a score
     */
    ScoreAlignmentResponse score(ByteString picture, String prompt) {
        ScoreAlignmentResponse response = ask(ScoreAlignmentRequest.newBuilder()
                .setVariant(AlignmentVariant.ALIGNMENT_VARIANT_CLIPSCORE)
                .addImages(picture)
                .addTexts(prompt)
                .build());
        if (response.getScoresCount() != 1 || !Float.isFinite(response.getScores(0))) {
            throw notScored("answers with something else than a score");
        }
        return response;
    }

    /** What is wrong with a drawn picture is not the caller's to mend. */
    private ScoreAlignmentResponse ask(ScoreAlignmentRequest request) {
        try {
            return captioner.score(request);
        } catch (StatusRuntimeException refusal) {
            throw refusal.getStatus().getCode() == Status.Code.INVALID_ARGUMENT ? notScored("refuses it") : refusal;
        }
    }

    private static Fault.Internal notScored(String why) {
        return new Fault.Internal(
                "PICTURE_NOT_SCORED", "A drawn picture could not be scored: the caption service " + why);
    }
}
