// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_PRI_BT709;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_RANGE_MPEG;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_SPC_BT709;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_TRC_BT709;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUV420P;

import dev.darkroom.inference.image.PngReader;
import dev.darkroom.inference.image.RgbImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Clips as other programs read them. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class VideoWriterTest {
    private static final int FRAMES = 46;

    @TempDir
    private Path folder;

    private VideoEncoders encoders;

    @BeforeAll
    void probe(@TempDir Path probing) throws IOException {
        encoders = VideoEncoders.probe(probing);
        try (var left = Files.list(probing)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void probe_thisPlatform_hasEveryFormat() {
        assertThat(encoders.available()).containsExactly(VideoFormat.values());
    }

    @ParameterizedTest
    @CsvSource({
        "MP4, 96, 64, 8, 30",
        "MP4, 96, 64, 24, 30",
        "MP4, 64, 64, 30, 30",
        "WEBM, 96, 64, 24, 34",
        "WEBM, 65, 63, 8, 34"
    })
    void write_frames_othersReadThemAtTheirTimes(VideoFormat format, int width, int height, int rate, double psnr)
            throws IOException {
        List<RgbImage> frames = moving(width, height);
        ReadClip read = ReadClip.of(write(format, rate, 80, frames));

        assertThat(read.rate()).isEqualTo(rate + "/1");
        assertThat(read.seconds()).isCloseTo(1.0 * FRAMES / rate, within(0.001));
        assertThat(read.frames()).hasSize(FRAMES);
        for (int i = 0; i < FRAMES; i++) {
            assertThat(read.times().get(i)).isCloseTo(1.0 * i / rate, within(0.001));
            assertThat(psnr(read.frames().get(i), frames.get(i)))
                    .as("frame %d", i)
                    .isGreaterThan(psnr);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"MP4", "WEBM"})
    void write_video_saysHowItsColoursAreMeant(VideoFormat format) throws IOException {
        ReadClip read = ReadClip.of(write(format, 24, 80, moving(64, 64)));

        assertThat(read.pixelFormat()).isEqualTo(AV_PIX_FMT_YUV420P);
        assertThat(read.colours()).containsExactly(AVCOL_SPC_BT709, AVCOL_PRI_BT709, AVCOL_TRC_BT709, AVCOL_RANGE_MPEG);
    }

    @Test
    void write_mp4_hasItsIndexFirst() throws IOException {
        Path file = write(VideoFormat.MP4, 8, 80, moving(64, 64));

        assertThat(ReadClip.position(file, "moov")).isPositive().isLessThan(ReadClip.position(file, "mdat"));
    }

    @Test
    void write_oddSizesAsMp4_repeatsTheEdge() throws IOException {
        List<RgbImage> frames = moving(65, 63);
        ReadClip read = ReadClip.of(write(VideoFormat.MP4, 8, 80, frames));

        assertThat(read.frames()).hasSize(FRAMES);
        assertThat(psnr(read.frames().getLast(), frames.getLast().padded(66, 64)))
                .isGreaterThan(32);
    }

    @ParameterizedTest
    @CsvSource({"8, 5.75", "24, 1.92"})
    void write_gif_repeatsAtTheRightPace(int rate, double seconds) throws IOException {
        List<RgbImage> frames = moving(63, 65);
        Path file = write(VideoFormat.GIF, rate, 80, frames);
        ReadClip read = ReadClip.of(file);

        assertThat(read.frames()).hasSize(FRAMES);
        assertThat(read.seconds()).isCloseTo(seconds, within(0.001));
        assertThat(psnr(read.frames().get(20), frames.get(20))).isGreaterThan(29);
        assertThat(ReadClip.position(file, "NETSCAPE2.0")).isPositive();
    }

    @Test
    void write_webp_hasEveryFrame() throws IOException {
        List<RgbImage> frames = moving(63, 65);
        Path file = write(VideoFormat.WEBP, 24, 90, frames);

        String bytes = Files.readString(file, StandardCharsets.ISO_8859_1);
        assertThat(bytes.split("ANMF", -1)).hasSize(FRAMES + 1);
        int canvas = bytes.indexOf("VP8X") + 12; // width - 1 and height - 1, 24 bits each, least first
        assertThat(bytes.substring(canvas, canvas + 6)).isEqualTo(">\0\0@\0\0");
    }

    @Test
    void write_archive_hasTheFramesAsTheyAre() throws IOException {
        List<RgbImage> frames = moving(63, 65);

        try (ZipFile zip = new ZipFile(write(VideoFormat.PNG_ZIP, 8, 80, frames).toFile())) {
            assertThat(zip.size()).isEqualTo(FRAMES);
            byte[] png = zip.getInputStream(zip.getEntry("frame-00045.png")).readAllBytes();
            assertThat(PngReader.decode(png, 1 << 20).image()).isEqualTo(frames.getLast());
        }
    }

    @ParameterizedTest
    @EnumSource
    void write_twice_givesEqualBytes(VideoFormat format) throws IOException {
        List<RgbImage> frames = moving(64, 48);

        byte[] first = Files.readAllBytes(write(format, 24, 70, frames));
        assertThat(Files.readAllBytes(write(format, 24, 70, frames))).isEqualTo(first);
    }

    @ParameterizedTest
    @EnumSource(names = {"MP4", "WEBM", "WEBP"})
    void write_lessQuality_takesFewerBytes(VideoFormat format) throws IOException {
        List<RgbImage> frames = moving(64, 64);

        assertThat(Files.size(write(format, 24, 30, frames))).isLessThan(Files.size(write(format, 24, 90, frames)));
    }

    @Test
    void add_frameOfAnotherSize_isRefused() {
        try (VideoWriter writer = encoders.open(settings(VideoFormat.MP4, 64, 64, 8, 80), folder.resolve("x.mp4"))) {
            RgbImage other = moving(32, 32).getFirst();
            assertThatThrownBy(() -> writer.add(other)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    private Path write(VideoFormat format, int rate, int quality, List<RgbImage> frames) throws IOException {
        Path file = Files.createTempFile(folder, "clip", "." + format.extension());
        RgbImage first = frames.getFirst();
        try (VideoWriter writer = encoders.open(settings(format, first.width(), first.height(), rate, quality), file)) {
            frames.forEach(writer::add);
            writer.finish();
        }
        return file;
    }

    private static VideoSettings settings(VideoFormat format, int width, int height, int rate, int quality) {
        return new VideoSettings(format, width, height, rate, quality);
    }

    /** Smooth colours with a disc that moves over them. */
    private static List<RgbImage> moving(int width, int height) {
        return IntStream.range(0, FRAMES)
                .mapToObj(frame -> picture(width, height, frame))
                .toList();
    }

    private static RgbImage picture(int width, int height, int frame) {
        byte[] rgb = new byte[width * height * 3];
        for (int i = 0; i < width * height; i++) {
            int x = i % width;
            int y = i / width;
            double far = Math.hypot(x - 10 - frame, y - height / 2.0);
            double disc = Math.clamp(13 - far, 0, 1);
            rgb[3 * i] = (byte) (disc * 200 + (1 - disc) * (40 + 120.0 * x / width));
            rgb[3 * i + 1] = (byte) (disc * 120 + (1 - disc) * (60 + 120.0 * y / height));
            rgb[3 * i + 2] = (byte) (disc * 60 + (1 - disc) * (180 - 100.0 * x / width));
        }
        return RgbImage.of(width, height, rgb);
    }

    private static double psnr(RgbImage one, RgbImage other) {
        double squares = 0;
        for (int i = 0; i < one.rgb().length; i++) {
            squares += Math.pow((one.rgb()[i] & 0xff) - (other.rgb()[i] & 0xff), 2);
        }
        return 10 * Math.log10(255.0 * 255.0 * one.rgb().length / Math.max(squares, 1e-9));
    }
}
