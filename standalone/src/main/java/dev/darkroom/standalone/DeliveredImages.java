// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import dev.darkroom.gateway.v1.ImagesCompleted;
import dev.darkroom.gateway.v1.StreamGenerateImagesResponse;
import dev.darkroom.media.v1.Preview;
import dev.darkroom.media.v1.Warning;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** Everything that the gateway sent for one request for pictures. */
record DeliveredImages(ImagesCompleted completed, List<Picture> pictures, List<Warning> warnings) {

    /** What is done with a rough picture on the way. */
    interface Previews {
        void show(Preview preview) throws IOException;
    }

    /**
     * Reads a stream to its end, and shows on the way how it goes on.
     *
     * @throws IOException if it ends before the last picture
     */
    static DeliveredImages receive(Iterator<StreamGenerateImagesResponse> events, Progress progress, Previews previews)
            throws IOException {
        List<Picture> pictures = new ArrayList<>();
        List<Warning> warnings = new ArrayList<>();
        try {
            while (events.hasNext()) {
                StreamGenerateImagesResponse event = events.next();
                switch (event.getEventCase()) {
                    case STAGE_STARTED -> progress.stage(event.getStageStarted().getStage());
                    case STEP_COMPLETED -> progress.step(event.getStepCompleted());
                    case PREVIEW -> previews.show(event.getPreview());
                    case WARNING -> warnings.add(event.getWarning());
                    case IMAGE -> pictures.add(Picture.of(event.getImage()));
                    case IMAGE_CHUNK -> pictures.getLast().append(event.getImageChunk());
                    case COMPLETED -> {
                        return new DeliveredImages(event.getCompleted(), pictures, warnings);
                    }
                    case OPERATION_STARTED, QUEUED, EVENT_NOT_SET -> {}
                }
            }
        } finally {
            progress.clear();
        }
        throw new IOException("the gateway ended the stream before the last picture; run the command again");
    }

    /** Whether the check held any of them back. */
    boolean anyBlocked() {
        return pictures.stream().anyMatch(Picture::isBlocked);
    }
}
