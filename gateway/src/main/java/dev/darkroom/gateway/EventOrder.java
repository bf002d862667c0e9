// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import com.google.errorprone.annotations.FormatMethod;
import dev.darkroom.media.v1.Image;
import dev.darkroom.media.v1.ImageChunk;
import dev.darkroom.rpc.Fault;
import dev.darkroom.text2image.v1.GenerateResponse;
import dev.darkroom.text2image.v1.UpscaleResponse;

/**
 * The order that the events of text2image must have: rising sequence numbers, the chunks of each picture behind it without gaps and
 * in full, {@code completed} last. One stream, one thread.
 */
final class EventOrder {
    private static final int MAX_CHUNK_BYTES = 65_536;

    private long lastSequence;
    private Image image = Image.getDefaultInstance(); // announced last; before the first one nothing is owed: 0 bytes
    private int nextIndex;
    private long receivedBytes;
    private boolean completed;

    /**
     * Takes the next event.
     *
     * @throws Fault.Internal if it is out of place; the message says how and quotes no prompt and no pixels
     */
    void accept(GenerateResponse event) {
        next(event.getSequence());
        switch (event.getEventCase()) {
            case IMAGE -> announce(event.getImage().getImage());
            case IMAGE_CHUNK -> receive(event.getImageChunk());
            case COMPLETED -> complete();
            case QUEUED, STAGE_STARTED, STEP_COMPLETED, PREVIEW, WARNING, CHECKPOINT, EVENT_NOT_SET -> {}
        }
    }

    /** As the other one; of an upscaling, which makes one picture. */
    void accept(UpscaleResponse event) {
        next(event.getSequence());
        switch (event.getEventCase()) {
            case IMAGE -> announce(event.getImage());
            case IMAGE_CHUNK -> receive(event.getImageChunk());
            case COMPLETED -> complete();
            case QUEUED, STAGE_STARTED, STEP_COMPLETED, WARNING, CHECKPOINT, EVENT_NOT_SET -> {}
        }
    }

    /**
     * Takes the end of the stream.
     *
     * @throws Fault.Internal if {@code completed} is missing
     */
    void end() {
        require(completed, "the stream ended without completed");
    }

    private void next(long sequence) {
        require(!completed, "an event after completed");
        require(sequence > lastSequence, "sequence %d after %d", sequence, lastSequence);
        lastSequence = sequence;
    }

    private void announce(Image next) {
        requireWholeImage();
        require(next.getIndex() == nextIndex, "image %d instead of %d", next.getIndex(), nextIndex);
        require(next.getSizeBytes() > 0, "image %d without bytes", next.getIndex());
        image = next;
        nextIndex++;
        receivedBytes = 0;
    }

    private void receive(ImageChunk chunk) {
        int size = chunk.getData().size();
        require(nextIndex > 0 && chunk.getIndex() == image.getIndex(), "a chunk of image %d", chunk.getIndex());
        require(
                chunk.getOffset() == receivedBytes,
                "a chunk at byte %d instead of %d",
                chunk.getOffset(),
                receivedBytes);
        require(size > 0 && size <= MAX_CHUNK_BYTES, "a chunk of %d bytes", size);
        require(size <= image.getSizeBytes() - receivedBytes, "more bytes than the %d announced", image.getSizeBytes());
        receivedBytes += size;
    }

    private void complete() {
        requireWholeImage();
        require(nextIndex > 0, "completed without an image");
        completed = true;
    }

    private void requireWholeImage() {
        require(
                receivedBytes == image.getSizeBytes(),
                "image %d ended at byte %d of %d",
                image.getIndex(),
                receivedBytes,
                image.getSizeBytes());
    }

    @FormatMethod
    private static void require(boolean inOrder, String found, Object... arguments) {
        if (!inOrder) {
            String message = "text2image broke the order of its events: " + found.formatted(arguments);
            throw new Fault.Internal("TEXT2IMAGE_OUT_OF_ORDER", message);
        }
    }
}
