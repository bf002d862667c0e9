// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.darkroom.inference.image.PngWriter;
import dev.darkroom.media.v1.Image;
import dev.darkroom.media.v1.ImageChunk;
import dev.darkroom.media.v1.Preview;
import dev.darkroom.media.v1.Queued;
import dev.darkroom.media.v1.StageStarted;
import dev.darkroom.media.v1.StepCompleted;
import dev.darkroom.media.v1.Warning;
import dev.darkroom.rpc.ResponseStream;
import dev.darkroom.text2image.v1.GenerateResponse;
import dev.darkroom.text2image.v1.GeneratedImage;
import dev.darkroom.text2image.v1.GenerationCompleted;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Numbers events and writes them to the call. Progress never waits for the reader, who sees the latest of each kind; pictures and
 * the end do wait. Not thread-safe.
 */
final class EventWriter {
    private static final int CHUNK_BYTES = 65_536;

    private final ResponseStream<GenerateResponse> stream;
    private long sequence;

    EventWriter(ResponseStream<GenerateResponse> stream) {
        this.stream = stream;
    }

    void queued(int position) {
        stream.offer(
                "queued",
                next().setQueued(Queued.newBuilder().setPosition(position)).build());
    }

    void accept(GenerationEvent event) {
        switch (event) {
            case GenerationEvent.StageStarted(String stage) ->
                stream.offer(
                        event,
                        next().setStageStarted(StageStarted.newBuilder().setStage(stage))
                                .build());
            case GenerationEvent.StepCompleted(int step, int of, long etaMillis, var _) ->
                stream.offer(
                        "step",
                        next().setStepCompleted(StepCompleted.newBuilder()
                                        .setStep(step)
                                        .setNumInferenceSteps(of)
                                        .setEtaMillis(etaMillis))
                                .build());
            case GenerationEvent.Preview preview -> preview(preview);
            case GenerationEvent.Warning(String reason, String message) ->
                stream.offer(
                        event,
                        next().setWarning(Warning.newBuilder().setReason(reason).setMessage(message))
                                .build());
        }
    }

    private void preview(GenerationEvent.Preview preview) {
        byte[] png = PngWriter.encode(Thumbnail.of(preview.image()), "");
        stream.offer(
                "preview " + preview.index(),
                next().setPreview(Preview.newBuilder()
                                .setIndex(preview.index())
                                .setStep(preview.step())
                                .setPng(UnsafeByteOperations.unsafeWrap(png)))
                        .build());
    }

    void picture(Picture picture) {
        Image image = Image.newBuilder()
                .setIndex(picture.index())
                .setWidth(picture.image().width())
                .setHeight(picture.image().height())
                .setMediaType("image/png")
                .setSizeBytes(picture.png().size())
                .setSha256(sha256(picture.png()))
                .build();
        stream.send(next().setImage(GeneratedImage.newBuilder().setImage(image).setSeed(picture.seed()))
                .build());
        for (int offset = 0; offset < picture.png().size(); offset += CHUNK_BYTES) {
            ByteString data = picture.png()
                    .substring(
                            offset, Math.min(offset + CHUNK_BYTES, picture.png().size()));
            stream.send(next().setImageChunk(ImageChunk.newBuilder()
                            .setIndex(picture.index())
                            .setOffset(offset)
                            .setData(data))
                    .build());
        }
    }

    void completed(GenerationRequest request, TextToImageModel model) {
        stream.send(next().setCompleted(GenerationCompleted.newBuilder()
                        .setParameters(request.toProto())
                        .setFingerprint(model.fingerprintProto()))
                .build());
    }

    private GenerateResponse.Builder next() {
        return GenerateResponse.newBuilder().setSequence(++sequence);
    }

    private static String sha256(ByteString bytes) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(bytes.asReadOnlyByteBuffer());
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
    }
}
