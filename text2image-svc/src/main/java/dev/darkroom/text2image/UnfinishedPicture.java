// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.darkroom.inference.diffusion.LoopState;
import dev.darkroom.inference.diffusion.LoopStateFormat;
import dev.darkroom.media.v1.Checkpoint;
import dev.darkroom.media.v1.Fingerprint;
import dev.darkroom.rpc.Violations;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * One picture of a request as its checkpoints name it.
 *
 * @param index among the pictures of the request
 * @param seed its own
 * @param parametersSha256 of everything in the request that decides it
 * @param fingerprint what else decides it here
 * @param refinerFingerprint the same of the refiner; empty without one
 */
record UnfinishedPicture(
        int index, long seed, String parametersSha256, Fingerprint fingerprint, Fingerprint refinerFingerprint) {
    /** Largest state that is sent: a request that resumes has to fit into one message. */
    static final int MAX_BYTES = 16 << 20;

    /**
     * Writes a checkpoint.
     *
     * @param step of the stage, from 1
     * @param state of this picture alone
     */
    Checkpoint write(String stage, int step, int numInferenceSteps, LoopState state) {
        ByteString bytes = UnsafeByteOperations.unsafeWrap(LoopStateFormat.write(state));
        Checkpoint.Builder checkpoint = Checkpoint.newBuilder()
                .setIndex(index)
                .setSeed(seed)
                .setStage(stage)
                .setStep(step)
                .setNumInferenceSteps(numInferenceSteps)
                .setParametersSha256(parametersSha256)
                .setFingerprint(fingerprint)
                .setState(bytes)
                .setSha256(Sha256.of(bytes));
        return refinerFingerprint.equals(Fingerprint.getDefaultInstance())
                ? checkpoint.build()
                : checkpoint.setRefinerFingerprint(refinerFingerprint).build();
    }

    /** Refuses a checkpoint that is damaged, or one of another picture or of other parameters. */
    void check(String field, Checkpoint checkpoint, Violations violations) {
        violations.check(
                Sha256.of(checkpoint.getState()).equals(checkpoint.getSha256()),
                field + ".state",
                "the bytes whose SHA-256 came with them",
                checkpoint.getState().size() + " bytes with another one");
        violations.check(
                checkpoint.getSeed() == seed, field + ".seed", "the picture's own, " + seed, checkpoint.getSeed());
        violations.check(
                !isOfThisDarkroom(checkpoint)
                        || checkpoint.getParametersSha256().equals(parametersSha256),
                field + ".parameters_sha256",
                "that of this request: a checkpoint fits one model, prompt, size, sampler and so on",
                checkpoint.getParametersSha256());
    }

    /** Another version may have other parameters, and another form of state. */
    private boolean isOfThisDarkroom(Checkpoint checkpoint) {
        return checkpoint.getFingerprint().getDarkroomVersion().equals(fingerprint.getDarkroomVersion());
    }

    /** Returns what would make other bytes here than where a checkpoint was written, for people; empty if nothing would. */
    Optional<String> difference(Checkpoint checkpoint) {
        return Fingerprints.difference(checkpoint.getFingerprint(), fingerprint)
                .or(() -> Fingerprints.difference(checkpoint.getRefinerFingerprint(), refinerFingerprint)
                        .map(part -> part + " of the refiner"));
    }

    /**
     * Reads the state of a checkpoint.
     *
     * @param fits throws an {@link IllegalArgumentException} for a state that is none of the loop
     * @return empty with a violation for one that is not a state, or does not fit
     */
    static Optional<LoopState> read(
            String field, Checkpoint checkpoint, Consumer<LoopState> fits, Violations violations) {
        try {
            LoopState state = LoopStateFormat.read(checkpoint.getState().toByteArray());
            fits.accept(state);
            return Optional.of(state);
        } catch (IllegalArgumentException e) {
            violations.add(field + ".state", "one of this request's loop", String.valueOf(e.getMessage()));
            return Optional.empty();
        }
    }
}
