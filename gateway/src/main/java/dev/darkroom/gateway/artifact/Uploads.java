// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.artifact;

import dev.darkroom.rpc.Fault;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/** The calls that write now, one for each name. Thread-safe. */
final class Uploads {
    private final ArtifactStore store;
    private final Map<String, Upload> writing = new HashMap<>();

    Uploads(ArtifactStore store) {
        this.store = store;
    }

    /**
     * Opens an announced artifact at the end of what was written. The newest call counts: the one before, which is closed, may be the rest of a broken connection.
     *
     * @throws Fault.NotFound ARTIFACT_UNKNOWN
     * @throws Fault.Refused ARTIFACT_COMPLETE, if all of it was written before
     */
    synchronized Upload begin(String tenant, String name) {
        Artifact announced = store.get(tenant, name);
        if (announced.complete()) {
            throw new Fault.Refused("ARTIFACT_COMPLETE", "All bytes of " + name + " are here", Map.of("name", name));
        }
        Upload older = writing.remove(name);
        if (older != null) {
            older.close();
        }
        try {
            Upload upload = new Upload(store, announced);
            writing.put(name, upload);
            return upload;
        } catch (IOException e) {
            throw store.folder().failure(e);
        }
    }

    void end(Upload upload) {
        upload.close();
        synchronized (this) {
            writing.remove(upload.name(), upload);
        }
    }
}
