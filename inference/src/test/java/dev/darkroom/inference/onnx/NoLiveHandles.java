// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Fails a test that leaves a native object open. */
public final class NoLiveHandles implements AfterEachCallback {
    @Override
    public void afterEach(ExtensionContext context) {
        assertThat(LiveHandles.count()).as("open native handles").isZero();
    }
}
