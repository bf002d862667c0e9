// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;

/**
 * A one-way switch by which any thread stops work that another one does: a denoising loop between steps, a session within one.
 * Thread-safe.
 */
public final class Cancellation {
    private final Object lock = new Object();
    private final List<Hook> hooks = new ArrayList<>();
    private volatile boolean cancelled;

    /** Cancels, and runs the hooks of the calls now in progress before it returns. Further calls do nothing. */
    public void cancel() {
        synchronized (lock) {
            cancelled = true;
            hooks.forEach(hook -> hook.action.run());
            hooks.clear();
        }
    }

    public boolean isCancelled() {
        return cancelled;
    }

    /** Throws {@link CancellationException} once cancelled. */
    public void check() {
        if (cancelled) {
            throw new CancellationException("cancelled by the caller");
        }
    }

    /**
     * Runs {@code action} on cancel, at once if that has happened already. After {@link Hook#close} the action neither runs nor
     * is running, so what it touches may be freed. The action must be short and must not throw.
     */
    public Hook onCancel(Runnable action) {
        synchronized (lock) {
            Hook hook = new Hook(this, action);
            if (cancelled) {
                action.run();
            } else {
                hooks.add(hook);
            }
            return hook;
        }
    }

    /** The registration of an action; closing withdraws it. */
    public static final class Hook implements AutoCloseable {
        private final Cancellation owner;
        private final Runnable action;

        private Hook(Cancellation owner, Runnable action) {
            this.owner = owner;
            this.action = action;
        }

        @Override
        public void close() {
            synchronized (owner.lock) {
                owner.hooks.remove(this);
            }
        }
    }
}
