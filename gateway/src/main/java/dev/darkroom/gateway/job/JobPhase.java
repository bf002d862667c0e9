// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.job;

import dev.darkroom.gateway.v1.JobState;

/** Where a job is; the names are those of the database. */
enum JobPhase {
    /** In the line of its tenant. */
    WAITING(JobState.JOB_STATE_QUEUED),
    /** One of the tenant's window, which the engine takes up as soon as it has room. */
    HANDED(JobState.JOB_STATE_QUEUED),
    RUNNING(JobState.JOB_STATE_RUNNING),
    SUCCEEDED(JobState.JOB_STATE_SUCCEEDED),
    FAILED(JobState.JOB_STATE_FAILED),
    CANCELLED(JobState.JOB_STATE_CANCELLED),
    QUARANTINED(JobState.JOB_STATE_QUARANTINED);

    private final JobState state;

    JobPhase(JobState state) {
        this.state = state;
    }

    /** What callers see. */
    JobState state() {
        return state;
    }

    /** Whether nothing changes any more. */
    boolean isTerminal() {
        return compareTo(RUNNING) > 0;
    }
}
