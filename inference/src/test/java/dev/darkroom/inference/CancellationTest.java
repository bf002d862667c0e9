// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class CancellationTest {
    private final Cancellation cancellation = new Cancellation();
    private final AtomicInteger runs = new AtomicInteger();

    @Test
    void cancel_openHook_runsOnce() {
        try (Cancellation.Hook _ = cancellation.onCancel(runs::incrementAndGet)) {
            cancellation.cancel();
            cancellation.cancel();
        }
        assertThat(runs).hasValue(1);
    }

    @Test
    void cancel_closedHook_doesNotRun() {
        cancellation.onCancel(runs::incrementAndGet).close();
        cancellation.cancel();
        assertThat(runs).hasValue(0);
    }

    @Test
    void onCancel_afterCancel_runsAtOnce() {
        cancellation.cancel();
        cancellation.onCancel(runs::incrementAndGet).close();
        assertThat(runs).hasValue(1);
    }

    @Test
    void check_throwsOnceCancelled() {
        cancellation.check();
        cancellation.cancel();
        assertThat(cancellation.isCancelled()).isTrue();
        assertThatExceptionOfType(CancellationException.class).isThrownBy(cancellation::check);
    }
}
