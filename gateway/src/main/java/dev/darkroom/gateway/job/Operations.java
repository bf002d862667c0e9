// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.job;

import com.google.longrunning.Operation;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.Status;
import dev.darkroom.gateway.v1.EstimateGenerationResponse;
import dev.darkroom.gateway.v1.JobState;
import dev.darkroom.gateway.v1.OperationMetadata;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Jobs as operations, with what can be predicted of them. Thread-safe. */
@Singleton
final class Operations {
    private final JobStore store;
    private final JobConfiguration configuration;

    Operations(JobStore store, JobConfiguration configuration) {
        this.store = store;
        this.configuration = configuration;
    }

    Operation of(Job job) {
        Operation.Builder operation = Operation.newBuilder()
                .setName(job.name())
                .setMetadata(Any.pack(metadata(job)))
                .setDone(job.phase().isTerminal());
        try {
            if (job.response() != null) {
                operation.setResponse(Any.parseFrom(job.response()));
            } else if (job.error() != null) {
                operation.setError(Status.parseFrom(job.error()));
            }
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("A result in the database is none", e);
        }
        return operation.build();
    }

    /** An operation that does not exist. */
    Operation ofUnsubmitted(NewJob job) {
        OperationMetadata metadata = OperationMetadata.newBuilder()
                .setKind(job.kind())
                .setState(JobState.JOB_STATE_QUEUED)
                .setPriority(job.priority())
                .putAllLabels(job.labels())
                .setRequestId(job.requestId())
                .build();
        return Operation.newBuilder().setMetadata(Any.pack(metadata)).build();
    }

    EstimateGenerationResponse estimate(String tenant, int priority, Shape shape, long steps) {
        JobStore.Line line = store.before(tenant, null, priority);
        EstimateGenerationResponse.Builder estimate = EstimateGenerationResponse.newBuilder()
                .setQueuePosition(line.position())
                .setNumInferenceSteps(steps);
        wait(line).ifPresent(wait -> estimate.setQueueTime(duration(wait)));
        store.measured(shape.timing())
                .ifPresent(measured ->
                        estimate.setRunTime(duration(measured.of(shape.work()))).setSamples(measured.samples()));
        return estimate.build();
    }

    private OperationMetadata metadata(Job job) {
        OperationMetadata.Builder metadata = OperationMetadata.newBuilder()
                .setKind(job.kind())
                .setState(job.phase().state())
                .setStage(job.stage())
                .setStep(job.step())
                .setNumInferenceSteps(job.steps())
                .setCreateTime(JobStore.timestamp(job.createdAt()))
                .setAttempts(job.attempt())
                .setFailures(job.failures())
                .setLosses(job.losses())
                .setCancelRequested(job.cancelRequested())
                .setPriority(job.priority())
                .putAllLabels(job.labels())
                .setRequestId(job.requestId())
                .setLastSequence(job.lastSequence());
        set(job.startedAt(), time -> metadata.setStartTime(JobStore.timestamp(time)));
        set(job.endedAt(), time -> metadata.setEndTime(JobStore.timestamp(time)));
        set(job.expiresAt(), time -> metadata.setExpireTime(JobStore.timestamp(time)));
        predict(job, metadata);
        return metadata.build();
    }

    private void predict(Job job, OperationMetadata.Builder metadata) {
        Optional<Duration> runTime = store.measured(job.shape().timing())
                .map(measured -> measured.of(job.shape().work()));
        switch (job.phase()) {
            case WAITING, HANDED -> {
                JobStore.Line line = store.before(job.tenant(), job, job.priority());
                metadata.setQueuePosition(line.position());
                wait(line).map(Instant.now()::plus).ifPresent(start -> {
                    metadata.setPredictedStartTime(JobStore.timestamp(start));
                    runTime.map(start::plus).ifPresent(end -> metadata.setPredictedEndTime(JobStore.timestamp(end)));
                });
            }
            case RUNNING ->
                runTime.map(notBefore(job.startedAt())::plus)
                        .ifPresent(end -> metadata.setPredictedEndTime(JobStore.timestamp(end)));
            case SUCCEEDED, FAILED, CANCELLED, QUARANTINED -> {}
        }
    }

    private static Instant notBefore(@Nullable Instant started) {
        return started == null ? Instant.now() : started;
    }

    /** Those before it share the places that there are; where one is free it does not wait. */
    private Optional<Duration> wait(JobStore.Line line) {
        return line.busy() < configuration.concurrency()
                ? Optional.of(Duration.ZERO)
                : Optional.ofNullable(line.predicted()).map(all -> all.dividedBy(configuration.concurrency()));
    }

    private static com.google.protobuf.Duration duration(Duration duration) {
        return com.google.protobuf.Duration.newBuilder()
                .setSeconds(duration.toSeconds())
                .setNanos(duration.toNanosPart())
                .build();
    }

    private static void set(@Nullable Instant time, Consumer<Instant> field) {
        if (time != null) {
            field.accept(time);
        }
    }
}
