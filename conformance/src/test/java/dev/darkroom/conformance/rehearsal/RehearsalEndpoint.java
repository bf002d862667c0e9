// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.conformance.rehearsal;

import com.google.protobuf.ByteString;
import dev.darkroom.media.v1.ImageChunk;
import dev.darkroom.media.v1.Queued;
import dev.darkroom.media.v1.StepCompleted;
import dev.darkroom.rpc.Admission;
import dev.darkroom.rpc.RequestLog;
import dev.darkroom.rpc.ResponseStream;
import dev.darkroom.rpc.Violations;
import dev.darkroom.text2image.v1.GenerateRequest;
import dev.darkroom.text2image.v1.GenerateResponse;
import dev.darkroom.text2image.v1.GenerationCompleted;
import dev.darkroom.text2image.v1.ImageParameters;
import dev.darkroom.text2image.v1.TextToImageServiceGrpc;
import io.grpc.stub.StreamObserver;
import jakarta.inject.Singleton;
import java.util.concurrent.locks.LockSupport;

/** Steps of ten milliseconds, then a mebibyte of "pixels". */
@Singleton
final class RehearsalEndpoint extends TextToImageServiceGrpc.TextToImageServiceImplBase {

    private static final int CHUNKS = 16;
    private static final ByteString PIXELS = ByteString.copyFrom(new byte[65_536]);

    private final Admission admission;

    RehearsalEndpoint(Admission admission) {
        this.admission = admission;
    }

    @Override
    public void generate(GenerateRequest request, StreamObserver<GenerateResponse> observer) {
        ResponseStream.serve(observer, stream -> {
            validate(request.getParameters());
            RequestLog.put("num_inference_steps", request.getParameters().getNumInferenceSteps());
            try (Admission.Place _ = admission.enter(position -> stream.send(queued(position)))) {
                work(request.getParameters().getNumInferenceSteps(), stream);
            }
            // The place is free again: a slow reader keeps nobody waiting.
            deliver(stream);
        });
    }

    private static void validate(ImageParameters parameters) {
        Violations violations = new Violations();
        violations.text("parameters.prompt", parameters.getPrompt(), 1, 2000);
        violations.range("parameters.num_inference_steps", parameters.getNumInferenceSteps(), 1, 1000);
        violations.range("parameters.guidance_scale", parameters.getGuidanceScale(), 0, 50);
        violations.throwIfAny();
    }

    private static void work(int steps, ResponseStream<GenerateResponse> stream) {
        for (int step = 1; step <= steps; step++) {
            stream.throwIfCancelled();
            LockSupport.parkNanos(10_000_000);
            stream.offer("step", stepCompleted(step, steps));
        }
    }

    private static void deliver(ResponseStream<GenerateResponse> stream) {
        for (int chunk = 0; chunk < CHUNKS; chunk++) {
            stream.send(pixels(chunk));
        }
        stream.send(GenerateResponse.newBuilder()
                .setCompleted(GenerationCompleted.getDefaultInstance())
                .build());
    }

    private static GenerateResponse queued(int position) {
        return GenerateResponse.newBuilder()
                .setQueued(Queued.newBuilder().setPosition(position))
                .build();
    }

    private static GenerateResponse stepCompleted(int step, int of) {
        return GenerateResponse.newBuilder()
                .setStepCompleted(StepCompleted.newBuilder().setStep(step).setNumInferenceSteps(of))
                .build();
    }

    private static GenerateResponse pixels(int chunk) {
        return GenerateResponse.newBuilder()
                .setImageChunk(ImageChunk.newBuilder()
                        .setOffset((long) chunk * PIXELS.size())
                        .setData(PIXELS))
                .build();
    }
}
