// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import ai.onnxruntime.OrtException;
import java.util.ArrayDeque;
import java.util.Deque;

/** Closes the native objects of one method when it ends, last opened first, and keeps {@link LiveHandles} right. */
final class NativeScope implements AutoCloseable {
    private final Deque<AutoCloseable> open = new ArrayDeque<>();

    <T extends AutoCloseable> T own(T handle) {
        LiveHandles.opened();
        open.push(handle);
        return handle;
    }

    @Override
    public void close() throws OrtException {
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (OrtException e) {
                throw e;
            } catch (Exception e) {
                throw new AssertionError("handles of ONNX Runtime throw OrtException only", e);
            } finally {
                LiveHandles.closed();
            }
        }
    }
}
