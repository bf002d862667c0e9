// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.rpc.Fault;
import dev.darkroom.rpc.Readiness;
import java.time.Duration;

/**
 * Says when checkpoints are due: after every so many steps but the last, and when the service ends, which hands the work over to another worker.
 *
 * @param interval in steps; 0 for none at all
 */
record CheckpointPace(int interval, Readiness readiness) {
    /**
     * Has checkpoints written where they are due.
     *
     * @param step from 1
     * @param of how many steps are made
     * @throws Fault.Unavailable after they were written, if the service ends
     */
    void after(int step, int of, Runnable write) {
        if (interval == 0 || step == of) {
            return; // whoever takes no checkpoints, or has its picture soon, has the time that all calls have
        }
        boolean ending = readiness.isEnding();
        if (ending || step % interval == 0) {
            write.run();
        }
        if (ending) {
            throw new Fault.Unavailable(
                    "HANDED_OVER", "The service ends; another one can go on from the checkpoints", Duration.ZERO);
        }
    }
}
