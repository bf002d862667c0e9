// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

/**
 * How sessions compute.
 *
 * @param intraOpThreads threads that share one node of a graph, at least 1. Each session has its own; they do not spin when idle
 */
public record SessionSettings(ExecutionProvider provider, int intraOpThreads) {
    public SessionSettings {
        if (intraOpThreads < 1) {
            throw new IllegalArgumentException("intraOpThreads must be at least 1: " + intraOpThreads);
        }
    }

    /** Returns CPU with one thread for each processor that this JVM may use (a container's quota counts). */
    public static SessionSettings cpu() {
        return new SessionSettings(ExecutionProvider.CPU, Runtime.getRuntime().availableProcessors());
    }
}
