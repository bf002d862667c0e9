// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.job;

import com.google.protobuf.Message;

/** What jobs are about. */
@FunctionalInterface
public interface JobWork {
    /**
     * Does the work of one attempt, on the calling thread, whose gRPC context ends with the attempt: calls that are made in it are cancelled
     * when the job is. May run more than once for a job, also beside an earlier attempt that was given up and does not know it.
     *
     * @return the response of the operation
     * @throws Exception what the attempt failed with, as a call would have; whether another one follows, the engine decides
     */
    Message perform(Attempt attempt) throws Exception;
}
