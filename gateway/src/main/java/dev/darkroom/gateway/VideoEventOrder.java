// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import com.google.errorprone.annotations.FormatMethod;
import dev.darkroom.rpc.Fault;
import dev.darkroom.text2video.v1.GenerateResponse;
import dev.darkroom.text2video.v1.Video;
import dev.darkroom.text2video.v1.VideoChunk;

/**
 * The order that the events of text2video must have: rising sequence numbers, every frame before the clip and without gaps, the chunks of the clip behind it
 * without gaps and in full, {@code completed} last. One stream, one thread.
 */
final class VideoEventOrder {
    private static final int MAX_CHUNK_BYTES = 65_536;

    private long lastSequence;
    private int frames;
    private boolean announced;
    private Video video = Video.getDefaultInstance();
    private long receivedBytes;
    private boolean completed;

    /**
     * Takes the next event.
     *
     * @throws Fault.Internal if it is out of place; the message says how and quotes no prompt and no pixels
     */
    void accept(GenerateResponse event) {
        require(!completed, "an event after completed");
        require(event.getSequence() > lastSequence, "sequence %d after %d", event.getSequence(), lastSequence);
        lastSequence = event.getSequence();
        switch (event.getEventCase()) {
            case FRAME -> frame(event.getFrame().getIndex());
            case VIDEO -> announce(event.getVideo());
            case VIDEO_CHUNK -> receive(event.getVideoChunk());
            case COMPLETED -> complete();
            case QUEUED, STAGE_STARTED, PROGRESS, PREVIEW, WARNING, EVENT_NOT_SET -> {}
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

    private void frame(int index) {
        require(!announced, "frame %d after the clip", index);
        require(index == frames, "frame %d instead of %d", index, frames);
        frames++;
    }

    /** A clip of which not every frame was shown could not be vouched for. */
    private void announce(Video next) {
        require(!announced, "a second clip");
        require(next.getNumFrames() == frames, "%d frames of a clip of %d", frames, next.getNumFrames());
        require(next.getSizeBytes() > 0 && frames > 0, "a clip without bytes");
        announced = true;
        video = next;
    }

    private void receive(VideoChunk chunk) {
        int size = chunk.getData().size();
        require(announced, "a chunk of no clip");
        require(chunk.getOffset() == receivedBytes, "a chunk at %d instead of %d", chunk.getOffset(), receivedBytes);
        require(size > 0 && size <= MAX_CHUNK_BYTES, "a chunk of %d bytes", size);
        require(size <= video.getSizeBytes() - receivedBytes, "more bytes than the %d announced", video.getSizeBytes());
        receivedBytes += size;
    }

    private void complete() {
        require(announced, "completed without a clip");
        long size = video.getSizeBytes();
        require(receivedBytes == size, "the clip ended at byte %d of %d", receivedBytes, size);
        completed = true;
    }

    @FormatMethod
    private static void require(boolean inOrder, String found, Object... arguments) {
        if (!inOrder) {
            String message = "text2video broke the order of its events: " + found.formatted(arguments);
            throw new Fault.Internal("TEXT2VIDEO_OUT_OF_ORDER", message);
        }
    }
}
