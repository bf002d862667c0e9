// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import dev.darkroom.gateway.job.Attempt;
import dev.darkroom.gateway.job.JobWork;
import dev.darkroom.gateway.v1.CaptionImagesRequest;
import dev.darkroom.gateway.v1.CaptionImagesResponse;
import dev.darkroom.gateway.v1.CaptionedImage;
import dev.darkroom.gateway.v1.GenerateImagesRequest;
import dev.darkroom.gateway.v1.UpscaleImageRequest;
import dev.darkroom.media.v1.Checkpoint;
import dev.darkroom.rpc.Fault;
import dev.darkroom.rpc.StatusMapper;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Objects;

/** Does for jobs what is done for callers who wait, and keeps what those are sent. Thread-safe. */
@Singleton
final class GenerationWork implements JobWork {
    private final Generation generation;
    private final Describer describer;

    GenerationWork(Generation generation, Describer describer) {
        this.generation = generation;
        this.describer = describer;
    }

    @Override
    public Message perform(Attempt attempt) throws InvalidProtocolBufferException {
        return switch (attempt.kind()) {
            case JOB_KIND_GENERATE_IMAGES -> generate(GenerateImagesRequest.parseFrom(attempt.request()), attempt);
            case JOB_KIND_UPSCALE_IMAGE -> upscale(UpscaleImageRequest.parseFrom(attempt.request()), attempt);
            case JOB_KIND_CAPTION_IMAGES -> caption(CaptionImagesRequest.parseFrom(attempt.request()), attempt);
            case JOB_KIND_UNSPECIFIED, UNRECOGNIZED ->
                throw new IllegalStateException("A job of no kind that is known here");
        };
    }

    private Message generate(GenerateImagesRequest request, Attempt attempt) {
        List<Checkpoint> resume = whole(attempt.checkpoints(), request);
        try {
            return generate(request, attempt, resume);
        } catch (StatusRuntimeException refused) {
            if (resume.isEmpty() || refused.getStatus().getCode() != Status.Code.INVALID_ARGUMENT) {
                throw refused;
            }
            attempt.forgetCheckpoints(); // of another version of the model, most likely
            return generate(request, attempt, List.of());
        }
    }

    private Message generate(GenerateImagesRequest request, Attempt attempt, List<Checkpoint> resume) {
        KeptDelivery kept = new KeptDelivery(attempt, resume);
        List<String> policies = Policies.together(attempt.policies(), request.getSafetyPolicy());
        generation.generateImages(JobRequests.direct(request), policies, Delivery.ofJob(kept));
        return kept.images();
    }

    /**
     * The checkpoints, if the whole job can go on from them: those of all its pictures, at the same step. Pictures that were finished before
     * are made from theirs again, as what an attempt that was given up had stored is void.
     */
    private static List<Checkpoint> whole(List<Checkpoint> checkpoints, GenerateImagesRequest request) {
        long pictures = Math.max(1, request.getParameters().getNumImagesPerPrompt());
        long places = checkpoints.stream()
                .map(checkpoint -> checkpoint.getStage() + " " + checkpoint.getStep())
                .distinct()
                .count();
        return checkpoints.size() == pictures && places == 1 ? checkpoints : List.of();
    }

    private Message upscale(UpscaleImageRequest request, Attempt attempt) {
        KeptDelivery kept = new KeptDelivery(attempt, List.of());
        List<String> policies = Policies.together(attempt.policies(), request.getSafetyPolicy());
        generation.upscaleImage(JobRequests.direct(request), policies, Delivery.ofJob(kept));
        return kept.upscaled();
    }

    /** A picture that is refused has no words; the others do. */
    private Message caption(CaptionImagesRequest request, Attempt attempt) {
        CaptionImagesResponse.Builder response = CaptionImagesResponse.newBuilder();
        for (int i = 0; i < request.getImagesCount(); i++) {
            int done = i;
            attempt.tellLatest(
                    "step",
                    event -> event.getStepCompletedBuilder()
                            .setStep(done)
                            .setNumInferenceSteps(request.getImagesCount()));
            response.addImages(describe(request, i, attempt));
        }
        return response.build();
    }

    private CaptionedImage describe(CaptionImagesRequest request, int index, Attempt attempt) {
        List<String> policies = Policies.together(attempt.policies(), request.getSafetyPolicy());
        try {
            return CaptionedImage.newBuilder()
                    .setCaption(describer.describe(JobRequests.direct(request, index), policies))
                    .build();
        } catch (Fault.Refused refused) {
            return CaptionedImage.newBuilder()
                    .setError(Objects.requireNonNull(StatusProto.fromThrowable(StatusMapper.toStatus(refused))))
                    .build();
        }
    }
}
