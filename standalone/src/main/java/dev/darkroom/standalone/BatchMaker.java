// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.google.protobuf.ByteString;
import dev.darkroom.caption.v1.GeneratedCaption;
import dev.darkroom.gateway.batch.ManifestItem;
import dev.darkroom.gateway.v1.CaptionImageRequest;
import dev.darkroom.gateway.v1.CaptionImageResponse;
import dev.darkroom.gateway.v1.CaptionImagesRequest;
import dev.darkroom.gateway.v1.GenerateImagesRequest;
import dev.darkroom.gateway.v1.GenerationServiceGrpc;
import dev.darkroom.gateway.v1.StreamGenerateImagesRequest;
import dev.darkroom.gateway.v1.StreamUpscaleImageRequest;
import dev.darkroom.gateway.v1.UpscaleImageRequest;
import dev.darkroom.media.v1.ImageChunk;
import dev.darkroom.rpc.ErrorDetails;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Makes single items of a batch. Thread-safe.
 *
 * @param inputs folder that the pictures of the manifest are named from
 * @param output folder for what is made
 */
record BatchMaker(Channel channel, Path inputs, Path output, BatchName name) {
    private static final int ATTEMPTS = 8;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(500);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(20);

    /** Makes an item; what it was refused for is a result too. Waits and tries again where the gateway is busy. */
    BatchResult make(ManifestItem item) throws IOException, InterruptedException {
        ByteString image = image(item);
        String key = key(item, image);
        Duration pause = FIRST_PAUSE;
        for (int attempt = 1; ; attempt++) {
            try {
                return make(item, image, key);
            } catch (StatusRuntimeException e) {
                ErrorDetails details = ErrorDetails.of(e);
                if (attempt == ATTEMPTS || !isTransient(details)) {
                    return BatchResult.failed(item, key, reason(details));
                }
                Duration asked = details.retryAfter() == null ? Duration.ZERO : details.retryAfter();
                Thread.sleep(asked.compareTo(pause) > 0 ? asked : pause);
                pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause.multipliedBy(2);
            }
        }
    }

    ByteString image(ManifestItem item) throws IOException {
        return item.image().isEmpty() ? ByteString.EMPTY : PictureInput.read(inputs.resolve(item.image()));
    }

    /** Digest of all that is asked for, the bytes of the picture included. */
    static String key(ManifestItem item, ByteString image) {
        return image.isEmpty()
                ? item.digest()
                : Picture.sha256(
                        (item.digest() + Picture.sha256(image.toByteArray())).getBytes(StandardCharsets.US_ASCII));
    }

    private BatchResult make(ManifestItem item, ByteString image, String key) throws IOException {
        return switch (item.kind()) {
            case IMAGE -> drawn(item, (GenerateImagesRequest) item.request(), image, key);
            case CAPTION -> captioned(item, (CaptionImagesRequest) item.request(), image, key);
            case UPSCALE -> enlarged(item, (UpscaleImageRequest) item.request(), image, key);
        };
    }

    private BatchResult drawn(ManifestItem item, GenerateImagesRequest request, ByteString image, String key)
            throws IOException {
        var streamed = StreamGenerateImagesRequest.newBuilder()
                .mergeFrom(request.toByteString())
                .setImage(image)
                .build();
        var events = GenerationServiceGrpc.newBlockingStub(channel).streamGenerateImages(streamed);
        DeliveredImages delivered = DeliveredImages.receive(events, Progress.onTerminal(true), _ -> {});
        return written(item, key, delivered.pictures());
    }

    private BatchResult enlarged(ManifestItem item, UpscaleImageRequest request, ByteString image, String key)
            throws IOException {
        var streamed = StreamUpscaleImageRequest.newBuilder()
                .setParameters(request.getParameters())
                .setSafetyPolicy(request.getSafetyPolicy())
                .setImage(image)
                .build();
        List<Picture> pictures = new ArrayList<>();
        GenerationServiceGrpc.newBlockingStub(channel)
                .streamUpscaleImage(streamed)
                .forEachRemaining(event -> {
                    if (event.hasImage()) {
                        pictures.add(Picture.of(event.getImage()));
                    } else if (event.hasImageChunk()) {
                        append(pictures.getLast(), event.getImageChunk());
                    }
                });
        return written(item, key, pictures);
    }

    private static void append(Picture picture, ImageChunk chunk) {
        try {
            picture.append(chunk);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private BatchResult captioned(ManifestItem item, CaptionImagesRequest request, ByteString image, String key) {
        var single = CaptionImageRequest.newBuilder()
                .setParameters(request.getParameters())
                .setIncludeLowConfidence(request.getIncludeLowConfidence())
                .setSafetyPolicy(request.getSafetyPolicy())
                .setImage(image);
        if (request.hasMinConfidence()) {
            single.setMinConfidence(request.getMinConfidence());
        }
        CaptionImageResponse response =
                GenerationServiceGrpc.newBlockingStub(channel).captionImage(single.build());
        List<String> captions = response.getCaption().getCaptionsList().stream()
                .map(GeneratedCaption::getText)
                .toList();
        BatchResult.Status status = captions.isEmpty() && !CaptionReport.isUnsure(response.getCaption())
                ? BatchResult.Status.HELD_BACK
                : BatchResult.Status.DONE;
        return new BatchResult(
                item.id(), item.line(), item.kind().word(), key, status, List.of(), List.of(), captions, "");
    }

    private BatchResult written(ManifestItem item, String key, List<Picture> pictures) throws IOException {
        List<String> files = new ArrayList<>();
        List<Long> seeds = new ArrayList<>();
        for (Picture picture : pictures) {
            if (!picture.isBlocked()) {
                String file = name.of(item, picture.seed(), picture.index() + 1, ".png");
                write(picture.bytes(), file);
                files.add(file);
                seeds.add(picture.seed());
            }
        }
        BatchResult.Status status =
                files.size() < pictures.size() ? BatchResult.Status.HELD_BACK : BatchResult.Status.DONE;
        String held = pictures.stream()
                .filter(Picture::isBlocked)
                .flatMap(picture -> picture.categories().stream())
                .distinct()
                .collect(Collectors.joining(", "));
        return new BatchResult(
                item.id(),
                item.line(),
                item.kind().word(),
                key,
                status,
                files,
                seeds,
                List.of(),
                held.isEmpty() ? "" : "held back: " + held);
    }

    /** Gives an item that asks for the same as another one what was made for that. */
    BatchResult copy(BatchResult made, ManifestItem item) throws IOException {
        List<String> files = new ArrayList<>();
        for (int i = 0; i < made.files().size(); i++) {
            String file = made.files().get(i);
            String extension = file.substring(file.lastIndexOf('.'));
            String copy = name.of(item, made.seeds().get(i), number(file), extension);
            if (!copy.equals(file)) {
                Files.copy(output.resolve(file), output.resolve(copy), StandardCopyOption.REPLACE_EXISTING);
            }
            files.add(copy);
        }
        return new BatchResult(
                item.id(),
                item.line(),
                made.kind(),
                made.key(),
                made.status(),
                files,
                made.seeds(),
                made.captions(),
                made.error());
    }

    private static int number(String file) {
        int plus = file.lastIndexOf('+');
        return plus < 0 ? 1 : Integer.parseInt(file.substring(plus + 1, file.lastIndexOf('.')));
    }

    /** Appears whole or not at all. */
    private void write(byte[] bytes, String file) throws IOException {
        Path growing = output.resolve(file + ".partial");
        Files.write(growing, bytes);
        Files.move(growing, output.resolve(file), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static boolean isTransient(ErrorDetails details) {
        return details.code() == Status.Code.UNAVAILABLE || details.code() == Status.Code.RESOURCE_EXHAUSTED;
    }

    private static String reason(ErrorDetails details) {
        return details.violations().isEmpty()
                ? details.message()
                : details.violations().stream()
                        .map(it -> it.field() + " " + it.description())
                        .collect(Collectors.joining("; "));
    }
}
