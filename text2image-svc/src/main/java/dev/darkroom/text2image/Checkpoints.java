// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import com.google.protobuf.ByteString;
import dev.darkroom.inference.diffusion.LoopState;
import dev.darkroom.media.v1.Checkpoint;
import dev.darkroom.media.v1.Fingerprint;
import dev.darkroom.rpc.Violations;
import dev.darkroom.text2image.v1.ImageParameters;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The checkpoints of one request for pictures, out and in.
 *
 * @param pipeline of the model that the request names
 * @param fingerprint what decides the bytes here, beside the parameters
 * @param refinerFingerprint the same of the refiner; empty without one
 */
record Checkpoints(
        GenerationRequest request, Pipeline pipeline, Fingerprint fingerprint, Fingerprint refinerFingerprint) {

    static Checkpoints of(GenerationRequest request, TextToImageModel model) {
        return new Checkpoints(
                request,
                model.pipeline(),
                Fingerprints.toProto(model.folder().fingerprint()),
                request.finish() instanceof Finish.Refined refined
                        ? Fingerprints.toProto(refined.refiner().folder().fingerprint())
                        : Fingerprint.getDefaultInstance());
    }

    private UnfinishedPicture picture(int index) {
        return new UnfinishedPicture(
                index, request.seedOf(index), parametersSha256(index), fingerprint, refinerFingerprint);
    }

    /** Covers what decides one picture's latents beside the fingerprint, whether it is made alone or among others. */
    private String parametersSha256(int index) {
        ImageParameters parameters = request.toProto().toBuilder()
                .setSeed(request.seedOf(index))
                .clearNumImagesPerPrompt()
                .setAestheticScore(request.aestheticScore())
                .setNegativeAestheticScore(request.negativeAestheticScore())
                .build();
        String picture = request.start() instanceof Start.Picture from ? from.sha256() : "";
        String refinerScheduler = request.finish() instanceof Finish.Refined refined
                ? refined.pipeline().scheduler().toString()
                : "";
        return Sha256.of(
                parameters.toByteString(), ByteString.copyFromUtf8(picture + pipeline.scheduler() + refinerScheduler));
    }

    /** Returns the checkpoints of every picture in a loop. */
    List<Checkpoint> write(GenerationEvent.StepCompleted at) {
        List<Integer> pictures = request.resume().pictures();
        return IntStream.range(0, pictures.size())
                .mapToObj(row -> picture(pictures.get(row))
                        .write(
                                at.stage(),
                                at.step(),
                                at.numInferenceSteps(),
                                at.state().row(row)))
                .toList();
    }

    /**
     * Finds where a request goes on.
     *
     * @param violations gains one for each field of a checkpoint that is damaged or not of this request
     */
    Resume read(List<Checkpoint> checkpoints, Violations violations) {
        checkPictures(checkpoints, violations);
        if (checkpoints.isEmpty() || !violations.isEmpty()) {
            return request.resume();
        }
        List<Integer> pictures = checkpoints.stream().map(Checkpoint::getIndex).toList();
        Optional<String> difference = checkpoints.stream()
                .flatMap(each -> picture(each.getIndex()).difference(each).stream())
                .findFirst();
        return difference.isPresent()
                ? new Resume.Anew(pictures, difference.get())
                : readStates(checkpoints, pictures, violations);
    }

    private void checkPictures(List<Checkpoint> checkpoints, Violations violations) {
        for (int i = 0; i < checkpoints.size(); i++) {
            Checkpoint checkpoint = checkpoints.get(i);
            int index = checkpoint.getIndex();
            if (violations.range(field(i) + ".index", index, 0, request.numImages() - 1)) {
                picture(index).check(field(i), checkpoint, violations);
            }
            violations.check(
                    checkpoints.subList(0, i).stream().allMatch(earlier -> earlier.getIndex() != index),
                    field(i) + ".index",
                    "another picture than those before it",
                    index);
        }
    }

    private Resume readStates(List<Checkpoint> checkpoints, List<Integer> pictures, Violations violations) {
        Checkpoint first = checkpoints.getFirst();
        List<LoopState> states = IntStream.range(0, checkpoints.size())
                .mapToObj(i -> read(field(i), checkpoints.get(i), first, violations))
                .flatMap(Optional::stream)
                .toList();
        return violations.isEmpty()
                ? new Resume.FromCheckpoints(pictures, first.getStage(), first.getStep(), LoopState.concat(states))
                : request.resume();
    }

    private Optional<LoopState> read(String field, Checkpoint checkpoint, Checkpoint first, Violations violations) {
        Optional<Loop> loop = pipeline.loops(request).stream()
                .filter(each -> each.stage().equals(checkpoint.getStage()))
                .findFirst();
        violations.check(loop.isPresent(), field + ".stage", "a stage of this request", checkpoint.getStage());
        violations.check(
                checkpoint.getStage().equals(first.getStage()) && checkpoint.getStep() == first.getStep(),
                field + ".step",
                "that of the first one, " + first.getStage() + " " + first.getStep(),
                checkpoint.getStage() + " " + checkpoint.getStep());
        return loop.flatMap(each -> UnfinishedPicture.read(
                field, checkpoint, state -> requireFits(state, checkpoint.getStep(), each), violations));
    }

    private void requireFits(LoopState state, int done, Loop loop) {
        pipeline.diffusion().requireFits(state, request, loop);
        int step = loop.steps().first() + done;
        if (state.step() != step) {
            throw new IllegalArgumentException("step: expected " + step + ", found " + state.step());
        }
    }

    private static String field(int i) {
        return "resume[" + i + "]";
    }
}
