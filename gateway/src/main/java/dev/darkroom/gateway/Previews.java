// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.media.v1.Preview;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Previews on their way to the caller. Each is looked at before it leaves, and held back when it is blocked; one that a newer one of its
 * picture replaces while the caller has no room is not looked at. One generation, one thread.
 */
final class Previews {
    private final Map<Integer, Preview> waiting = new LinkedHashMap<>(); // by picture: at most one each, 64 KiB at most
    private final OutputCheck outputCheck;
    private final List<String> policies;
    private final Delivery<?> delivery;

    Previews(OutputCheck outputCheck, List<String> policies, Delivery<?> delivery) {
        this.outputCheck = outputCheck;
        this.policies = policies;
        this.delivery = delivery;
    }

    void accept(Preview preview) {
        if (waiting.put(preview.getIndex(), preview) != null) {
            delivery.skipped();
        }
    }

    /** Sends those that wait, as long as the caller has room. To be called after every event, for only then is it asked. */
    void sendIfRoom() {
        for (Preview preview : List.copyOf(waiting.values())) {
            if (delivery.hasRoom()) {
                send(preview);
            }
        }
    }

    /** Sends all that wait: nothing newer comes. */
    void sendLatest() {
        new ArrayList<>(waiting.values()).forEach(this::send);
    }

    private void send(Preview preview) {
        waiting.remove(preview.getIndex());
        if (outputCheck.judge(preview.getPng(), policies).isBlocked()) {
            delivery.skipped();
        } else {
            delivery.preview(preview);
        }
    }
}
