// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.protobuf.ByteString;
import dev.darkroom.media.v1.Image;
import dev.darkroom.media.v1.ImageChunk;
import dev.darkroom.rpc.Fault;
import dev.darkroom.text2image.v1.GenerateResponse;
import dev.darkroom.text2image.v1.GeneratedImage;
import dev.darkroom.text2image.v1.GenerationCompleted;
import dev.darkroom.text2image.v1.UpscaleResponse;
import dev.darkroom.text2image.v1.UpscalingCompleted;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class EventOrderTest {
    private static final int FULL = 65_536;

    @Test
    void accept_twoWholePictures_isInOrder() {
        assertThatCode(() -> take(
                        image(0, FULL + 1),
                        chunk(0, 0, FULL),
                        chunk(0, FULL, 1),
                        image(1, 2),
                        chunk(1, 0, 2),
                        completed()))
                .doesNotThrowAnyException();
    }

    @Test
    void accept_eventOfANewerService_isInOrder() {
        assertThatCode(() -> take(GenerateResponse.newBuilder(), image(0, 1), chunk(0, 0, 1), completed()))
                .doesNotThrowAnyException();
    }

    static Stream<Arguments> outOfPlace() {
        return Stream.of(
                Arguments.of("a chunk of image 0", events(chunk(0, 0, 1))),
                Arguments.of("a chunk of image 1", events(image(0, 2), chunk(1, 0, 2))),
                Arguments.of("a chunk at byte 2 instead of 1", events(image(0, 3), chunk(0, 0, 1), chunk(0, 2, 1))),
                Arguments.of("a chunk at byte 0 instead of 1", events(image(0, 3), chunk(0, 0, 1), chunk(0, 0, 1))),
                Arguments.of("a chunk of 0 bytes", events(image(0, 1), chunk(0, 0, 0))),
                Arguments.of("a chunk of 65537 bytes", events(image(0, FULL + 1), chunk(0, 0, FULL + 1))),
                Arguments.of("more bytes than the 2 announced", events(image(0, 2), chunk(0, 0, 3))),
                Arguments.of("image 0 ended at byte 1 of 2", events(image(0, 2), chunk(0, 0, 1), image(1, 2))),
                Arguments.of("image 0 ended at byte 1 of 2", events(image(0, 2), chunk(0, 0, 1), completed())),
                Arguments.of("image 1 instead of 0", events(image(1, 2))),
                Arguments.of("image 0 without bytes", events(image(0, 0))),
                Arguments.of("completed without an image", events(completed())),
                Arguments.of("an event after completed", events(image(0, 1), chunk(0, 0, 1), completed(), completed())),
                Arguments.of("the stream ended without completed", events(image(0, 1), chunk(0, 0, 1))));
    }

    @ParameterizedTest
    @MethodSource("outOfPlace")
    void accept_eventOutOfPlace_saysHow(String found, GenerateResponse.Builder[] events) {
        assertThatExceptionOfType(Fault.Internal.class)
                .isThrownBy(() -> take(events))
                .withMessage("text2image broke the order of its events: " + found);
    }

    @Test
    void accept_sequenceThatDoesNotRise_saysHow() {
        EventOrder order = new EventOrder();
        order.accept(image(0, 1).setSequence(7).build());

        assertThatExceptionOfType(Fault.Internal.class)
                .isThrownBy(() -> order.accept(chunk(0, 0, 1).setSequence(7).build()))
                .withMessageContaining("sequence 7 after 7");
    }

    @Test
    void accept_upscalingInOrder_isTaken() {
        assertThatCode(() -> takeUpscaling(
                        UpscaleResponse.newBuilder().setSequence(1).setImage(announced(0, 2)),
                        UpscaleResponse.newBuilder().setSequence(2).setImageChunk(bytes(0, 0, 2)),
                        UpscaleResponse.newBuilder()
                                .setSequence(3)
                                .setCompleted(UpscalingCompleted.getDefaultInstance())))
                .doesNotThrowAnyException();
    }

    @Test
    void accept_upscalingWithBytesMissing_saysHow() {
        assertThatExceptionOfType(Fault.Internal.class)
                .isThrownBy(() -> takeUpscaling(
                        UpscaleResponse.newBuilder().setSequence(1).setImage(announced(0, 2)),
                        UpscaleResponse.newBuilder().setSequence(2).setImageChunk(bytes(0, 0, 1)),
                        UpscaleResponse.newBuilder()
                                .setSequence(3)
                                .setCompleted(UpscalingCompleted.getDefaultInstance())))
                .withMessageContaining("image 0 ended at byte 1 of 2");
    }

    private static void takeUpscaling(UpscaleResponse.Builder... events) {
        EventOrder order = new EventOrder();
        Stream.of(events).map(UpscaleResponse.Builder::build).forEach(order::accept);
        order.end();
    }

    private static void take(GenerateResponse.Builder... events) {
        EventOrder order = new EventOrder();
        TestingTextToImageService.numbered(Stream.of(events).map(GenerateResponse.Builder::build))
                .forEach(order::accept);
        order.end();
    }

    private static GenerateResponse.Builder[] events(GenerateResponse.Builder... events) {
        return events;
    }

    private static GenerateResponse.Builder image(int index, long sizeBytes) {
        return GenerateResponse.newBuilder()
                .setImage(GeneratedImage.newBuilder().setImage(announced(index, sizeBytes)));
    }

    private static Image announced(int index, long sizeBytes) {
        return Image.newBuilder().setIndex(index).setSizeBytes(sizeBytes).build();
    }

    private static GenerateResponse.Builder chunk(int index, long offset, int length) {
        return GenerateResponse.newBuilder().setImageChunk(bytes(index, offset, length));
    }

    private static ImageChunk bytes(int index, long offset, int length) {
        return ImageChunk.newBuilder()
                .setIndex(index)
                .setOffset(offset)
                .setData(ByteString.copyFrom(new byte[length]))
                .build();
    }

    private static GenerateResponse.Builder completed() {
        return GenerateResponse.newBuilder().setCompleted(GenerationCompleted.getDefaultInstance());
    }
}
