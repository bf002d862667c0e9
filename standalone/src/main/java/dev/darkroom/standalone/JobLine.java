// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.google.longrunning.Operation;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import dev.darkroom.gateway.v1.OperationMetadata;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;

/** A job in one line of a table. */
final class JobLine {
    static final String HEADER = "%-36s  %-8s  %-11s  %-24s  %s".formatted("ID", "KIND", "STATE", "PROGRESS", "AGE");

    private static final String COLLECTION = "operations/";
    private static final Map<String, String> KINDS =
            Map.of("generate_images", "image", "caption_images", "caption", "upscale_image", "upscale");

    private JobLine() {}

    static String of(Operation operation) {
        OperationMetadata metadata = metadata(operation);
        return "%-36s  %-8s  %-11s  %-24s  %s"
                .formatted(
                        id(operation.getName()),
                        kind(metadata),
                        state(metadata),
                        progress(metadata),
                        age(metadata.getCreateTime()));
    }

    static OperationMetadata metadata(Operation operation) {
        return unpack(operation.getMetadata(), OperationMetadata.class);
    }

    static <T extends Message> T unpack(Any any, Class<T> type) {
        try {
            return any.unpack(type);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException("the gateway is of another version: it sent " + any.getTypeUrl(), e);
        }
    }

    /** The name of an operation as a user writes it, with or without its collection. */
    static String name(String id) {
        return id.startsWith(COLLECTION) ? id : COLLECTION + id;
    }

    static String id(String name) {
        return name.substring(COLLECTION.length());
    }

    static String state(OperationMetadata metadata) {
        return word(metadata.getState().name(), "JOB_STATE_");
    }

    /** As a manifest calls it, where it has a word for it. */
    private static String kind(OperationMetadata metadata) {
        String kind = word(metadata.getKind().name(), "JOB_KIND_");
        return KINDS.getOrDefault(kind, kind);
    }

    private static String word(String constant, String prefix) {
        return constant.replace(prefix, "").toLowerCase(Locale.ROOT);
    }

    /** Where it is in its work or in the line; why it has ended is told by its result. */
    static String progress(OperationMetadata metadata) {
        return switch (metadata.getState()) {
            case JOB_STATE_QUEUED -> metadata.hasQueuePosition() ? metadata.getQueuePosition() + " before it" : "";
            case JOB_STATE_RUNNING ->
                StageWords.of(metadata.getStage())
                        + (metadata.getNumInferenceSteps() == 0
                                ? ""
                                : " " + metadata.getStep() + "/" + metadata.getNumInferenceSteps());
            case JOB_STATE_SUCCEEDED -> "in " + between(metadata.getStartTime(), metadata.getEndTime());
            case JOB_STATE_UNSPECIFIED, JOB_STATE_FAILED, JOB_STATE_CANCELLED, JOB_STATE_QUARANTINED, UNRECOGNIZED ->
                "";
        };
    }

    private static String age(Timestamp since) {
        return words(Duration.between(instant(since), Instant.now()));
    }

    private static String between(Timestamp start, Timestamp end) {
        return String.format(
                Locale.ROOT,
                "%.1f s",
                Duration.between(instant(start), instant(end)).toMillis() / 1e3);
    }

    private static String words(Duration time) {
        if (time.toHours() > 48) {
            return time.toDays() + " d";
        }
        if (time.toMinutes() > 90) {
            return time.toHours() + " h";
        }
        return time.toSeconds() > 90 ? time.toMinutes() + " min" : Math.max(0, time.toSeconds()) + " s";
    }

    private static Instant instant(Timestamp time) {
        return Instant.ofEpochSecond(time.getSeconds(), time.getNanos());
    }
}
