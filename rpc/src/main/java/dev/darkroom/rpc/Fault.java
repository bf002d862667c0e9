// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Why a request failed, in terms of the request. {@link StatusMapper} turns it into a status with details (AIP-193).
 *
 * <p>Reasons are UPPER_SNAKE, at most 63 characters, stable: callers branch on them. Messages and metadata reach the
 * caller, so neither holds a prompt, a stack trace, a class name or
 * native text. What comes from outside is escaped and cut on the way.
 */
public abstract sealed class Fault extends RuntimeException {

    private final String reason;
    private final transient Map<String, String> metadata;

    private Fault(String reason, String message, Map<String, String> metadata, @Nullable Throwable cause) {
        super(message, cause, false, cause != null);
        if (!reason.matches("[A-Z][A-Z0-9_]{0,62}")) {
            throw new IllegalArgumentException("Not a reason: " + reason);
        }
        this.reason = reason;
        this.metadata = Map.copyOf(metadata);
    }

    /** Reason of the {@code ErrorInfo}. */
    public String reason() {
        return reason;
    }

    /** Metadata of the {@code ErrorInfo}. */
    public Map<String, String> metadata() {
        return metadata;
    }

    /** What the caller reads. */
    public String description() {
        return String.valueOf(getMessage());
    }

    /**
     * Fields that no repetition can make good: INVALID_ARGUMENT, reason REQUEST_INVALID, a {@code BadRequest} with all
     * of them.
     */
    public static final class InvalidArgument extends Fault {
        private final transient List<Violation> violations;

        public InvalidArgument(List<Violation> violations) {
            super("REQUEST_INVALID", describe(violations), Map.of(), null);
            this.violations = List.copyOf(violations);
        }

        public List<Violation> violations() {
            return violations;
        }

        private static String describe(List<Violation> violations) {
            if (violations.isEmpty()) {
                throw new IllegalArgumentException("No violations");
            }
            Violation first = violations.getFirst();
            String message = first.field() + " " + first.description();
            return violations.size() == 1 ? message : message + " (and " + (violations.size() - 1) + " more)";
        }
    }

    /**
     * Something named in the request that is not here: NOT_FOUND, {@code ResourceInfo}, the known names in the
     * metadata under {@code known}.
     */
    public static final class NotFound extends Fault {
        private final String resourceType;
        private final String name;

        /**
         * @param reason for instance MODEL_UNKNOWN
         * @param resourceType lower case, for instance {@code model}
         * @param name as the caller wrote it
         * @param known names that would have worked, in the order to show them
         */
        public NotFound(String reason, String resourceType, String name, List<String> known) {
            super(
                    reason,
                    known.isEmpty()
                            ? "There is no " + resourceType + " here"
                            : "No " + resourceType + " is called " + Echo.of(name) + "; known: "
                                    + String.join(", ", known),
                    Map.of("name", Echo.of(name), "known", String.join(",", known)),
                    null);
            this.resourceType = resourceType;
            this.name = Echo.of(name);
        }

        public String resourceType() {
            return resourceType;
        }

        public String name() {
            return name;
        }
    }

    /** A request that is well formed but not served, for instance PROMPT_BLOCKED: INVALID_ARGUMENT. */
    public static final class Refused extends Fault {
        public Refused(String reason, String message, Map<String, String> metadata) {
            super(reason, message, metadata, null);
        }
    }

    /** A caller without the credential: UNAUTHENTICATED. */
    public static final class Unauthenticated extends Fault {
        public Unauthenticated(String reason, String message) {
            super(reason, message, Map.of(), null);
        }
    }

    /** More than the service takes now: RESOURCE_EXHAUSTED with {@code RetryInfo} and {@code QuotaFailure}. */
    public static final class Overloaded extends Fault {
        private final Duration retryAfter;
        private final String subject;

        /**
         * @param reason for instance QUEUE_FULL
         * @param subject what ran out, for instance {@code queue}
         */
        public Overloaded(String reason, String subject, String message, Duration retryAfter) {
            this(reason, subject, message, retryAfter, Map.of());
        }

        /** As the other one, with numbers for the caller to act on. */
        public Overloaded(
                String reason, String subject, String message, Duration retryAfter, Map<String, String> metadata) {
            super(reason, message, metadata, null);
            this.retryAfter = retryAfter;
            this.subject = subject;
        }

        public Duration retryAfter() {
            return retryAfter;
        }

        public String subject() {
            return subject;
        }
    }

    /** A deadline that the work cannot meet at any time: DEADLINE_EXCEEDED, without waiting for it. */
    public static final class TooShort extends Fault {
        public TooShort(String reason, String message, Map<String, String> metadata) {
            super(reason, message, metadata, null);
        }
    }

    /**
     * Not now, without fault of the request: still loading, or a service behind this one is away. UNAVAILABLE with
     * {@code RetryInfo}.
     */
    public static final class Unavailable extends Fault {
        private final Duration retryAfter;

        /** @param reason for instance MODEL_LOADING or SAFETY_UNREACHABLE */
        public Unavailable(String reason, String message, Duration retryAfter) {
            super(reason, message, Map.of(), null);
            this.retryAfter = retryAfter;
        }

        public Duration retryAfter() {
            return retryAfter;
        }
    }

    /** A position behind the end of what is read: OUT_OF_RANGE. */
    public static final class OutOfRange extends Fault {
        public OutOfRange(String reason, String message) {
            super(reason, message, Map.of(), null);
        }
    }

    /** Stored bytes that are not what was stored: DATA_LOSS. Logged once, with the trace id. */
    public static final class DataLoss extends Fault {
        public DataLoss(String reason, String message) {
            super(reason, message, Map.of(), null);
        }
    }

    /** A name or id that is taken by something else: ALREADY_EXISTS. */
    public static final class AlreadyExists extends Fault {
        public AlreadyExists(String reason, String message, Map<String, String> metadata) {
            super(reason, message, metadata, null);
        }
    }

    /** Work that was given up, though a repetition might go well: ABORTED. */
    public static final class Aborted extends Fault {
        public Aborted(String reason, String message, Map<String, String> metadata) {
            super(reason, message, metadata, null);
        }
    }

    /** Work that somebody asked to stop, in another call: CANCELLED. */
    public static final class Cancelled extends Fault {
        public Cancelled(String reason, String message) {
            super(reason, message, Map.of(), null);
        }
    }

    /** A fault of ours: INTERNAL. The cause is logged once, with the trace id, and never shown. */
    public static final class Internal extends Fault {
        public Internal(String reason, String message, Throwable cause) {
            super(reason, message, Map.of(), cause);
        }

        /** For a fault found by our own check, such as a picture that is none. */
        public Internal(String reason, String message) {
            super(reason, message, Map.of(), null);
        }
    }
}
