// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.awt.color.ColorSpace;
import java.awt.color.ICC_Profile;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The files and the pixels beside them were written by {@code darkroom_training.record_pictures}. */
final class ImageDecoderTest {
    private static final ImageLimits LIMITS = new ImageLimits(1, 8192, 64 << 20);

    /**
     * In the mean of all samples. Lossy WebP stores one colour for four pixels: Pillow's decoder interpolates, ours repeats, which on
     * this small, steep picture is 4.2 levels without a bias. Profiles: Little CMS here and there, through 8 bits. The JDK cuts off the
     * 16 bits of a TIFF's palette, where Pillow takes the upper 8; Pillow cuts off 5 bits of 16-bit words, which are rounded here.
     */
    @ParameterizedTest
    @CsvSource({
        "lossless.webp, 0, false",
        "lossless-alpha.webp, 0.01, true",
        "lossy.webp, 5, false",
        "lossy-alpha.webp, 5, true",
        "metadata.webp, 5, false",
        "profile.webp, 0.5, false",
        "sideways.jpg, 0.5, false",
        "progressive.jpg, 0.5, false",
        "profile.jpg, 0.7, false",
        "cmyk.jpg, 0.7, false",
        "cmyk-profile.jpg, 1, false",
        "ycck.jpg, 0.7, false",
        "sideways.file.png, 0, false",
        "profile.file.png, 0.5, false",
        "grey-profile.file.png, 0.5, false",
        "palette-profile.file.png, 0.5, false",
        "frames.gif, 0, false",
        "plain.gif, 0, false",
        "transparent.gif, 0, true",
        "pages.tif, 0, false",
        "big-endian.tif, 0, false",
        "lzw.tif, 0, false",
        "predictor.tif, 0, false",
        "packbits.tif, 0, false",
        "jpeg.tif, 1, false",
        "ycbcr.tif, 0.7, false",
        "sideways.tif, 0, false",
        "profile.tif, 0.5, false",
        "group4.tif, 0, false",
        "group3.tif, 0, false",
        "palette.tif, 1, false",
        "white-is-zero.tif, 0, false",
        "deep.tif, 0, false",
        "cmyk.tif, 0, false",
        "cmyk-profile.tif, 1, false",
        "alpha.tif, 0.01, true",
        "associated.tif, 1, true",
        "unspecified.tif, 0, false",
        "rgb.bmp, 0, false",
        "bilevel.bmp, 0, false",
        "palette.bmp, 0, false",
        "words-from-the-top.bmp, 0.6, false",
        "runs.bmp, 0, false",
        "alpha.bmp, 0.01, true",
        "profile.bmp, 0.5, false"
    })
    void decode_file_givesPillowsPixels(String name, double tolerance, boolean alphaDropped) throws IOException {
        ImageDecoder.Decoded decoded = ImageDecoder.decode(file(name), LIMITS);
        RgbImage expected = ImageDecoder.decode(file(name + ".png"), LIMITS).image();
        assertThat(decoded.alphaDropped()).isEqualTo(alphaDropped);
        assertThat(decoded.image().width()).isEqualTo(expected.width());
        assertThat(meanDifference(decoded.image(), expected)).isLessThanOrEqualTo(tolerance);
    }

    /** 38 bytes that become 786,432: no bomb, but a blue wall. */
    @Test
    void decode_webpOfOneColour_isRead() throws IOException {
        RgbImage image = ImageDecoder.decode(file("plain.webp"), LIMITS).image();
        assertThat(image.width()).isEqualTo(512);
        assertThat(image.isConstant()).isTrue();
        assertThat(pixel(image, 511, 511)).containsExactly(9, 99, 200);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    animation.webp | a still picture | an animation
                    animation.png | a still picture | an animation
                    """)
    void decode_otherKind_isRefusedWithTheReason(String name, String limit, String found) throws IOException {
        assertRefused(file(name), limit, found);
    }

    @Test
    void decode_noPicture_isRefused() {
        String limit = "a PNG, JPEG, WebP, GIF, TIFF or BMP picture";
        assertRefused("%PDF-1.7, a fox".getBytes(StandardCharsets.US_ASCII), limit, "something else");
        assertRefused(new byte[] {(byte) 0x89, 'P'}, limit, "something else");
        assertRefused("RIFF\0\0\0\0WAVEfmt ".getBytes(StandardCharsets.US_ASCII), limit, "something else");
        assertRefused(new byte[0], "1 to 67108864 bytes long", "0");
        assertThatExceptionOfType(UnreadableImageException.class)
                .isThrownBy(() -> ImageDecoder.decode(new byte[11], new ImageLimits(1, 8192, 10)))
                .withMessage("a picture must be 1 to 10 bytes long, but was 11");
    }

    static Stream<Arguments> bombs() throws IOException {
        byte[] png = withPngSize(PngWriter.encode(disc(16, 16), ""), 50_000, 50_000);
        byte[] jpeg = jpeg(rgb(16, 16), false);
        int frame = indexOf(jpeg, 0xff, 0xc0);
        ByteBuffer.wrap(jpeg).putShort(frame + 5, (short) 50_000).putShort(frame + 7, (short) 50_000);
        byte[] lossy = file("lossy.webp");
        ByteBuffer.wrap(lossy).order(ByteOrder.LITTLE_ENDIAN).putInt(26, 16_383 << 16 | 16_383);
        byte[] lossless = file("lossless.webp");
        ByteBuffer.wrap(lossless).order(ByteOrder.LITTLE_ENDIAN).putInt(21, 0x0fffffff);
        byte[] extended = file("lossy-alpha.webp");
        ByteBuffer.wrap(extended)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(24, 49_999)
                .putInt(26, 49_999 << 8);
        return Stream.of(
                arguments("png", png, "50000 x 50000"),
                arguments("jpeg", jpeg, "50000 x 50000"),
                arguments("lossy webp", lossy, "16383 x 16383"),
                arguments("lossless webp", lossless, "16384 x 16384"),
                arguments("extended webp", extended, "50000 x 50000"));
    }

    /** The pixels would take 0.8 GB and more; what is allocated is told by the JVM. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("bombs")
    void decode_bomb_isRefusedByItsHeader(String kind, byte[] file, String found) {
        assertRefused(file, "1 to 8192 pixels wide and high", found);
        long before = allocated();
        assertRefused(file, "1 to 8192 pixels wide and high", found);
        assertThat(allocated() - before).isLessThan(1 << 20);
    }

    /** The outer header is within the limits, the inner one is not: the codec would believe the inner one. */
    @Test
    void decode_webpWithTwoSizes_isRefused() throws IOException {
        byte[] file = file("lossy-alpha.webp");
        int frame = indexOf(file, 0x9d, 0x01);
        ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putInt(frame + 3, 16_383 << 16 | 16_383);
        long before = allocated();
        assertRefused(file, "an intact WebP", "damaged or cut off");
        assertThat(allocated() - before).isLessThan(1 << 20);
    }

    @Test
    void decode_belowTheSmallestSize_isRefused() {
        byte[] png = PngWriter.encode(disc(15, 40), "");
        assertThatExceptionOfType(UnreadableImageException.class)
                .isThrownBy(() -> ImageDecoder.decode(png, new ImageLimits(16, 64, 1 << 20)))
                .withMessage("a picture must be 16 to 64 pixels wide and high, but was 15 x 40");
    }

    static Stream<Arguments> whole() throws IOException {
        return Stream.of(
                arguments("png", PngWriter.encode(disc(31, 17), "{}")),
                arguments("jpeg", jpeg(rgb(61, 47), false)),
                arguments("progressive jpeg", jpeg(rgb(61, 47), true)),
                arguments("jpeg of Pillow", file("sideways.jpg")),
                arguments("lossy webp", file("lossy.webp")),
                arguments("lossy webp with alpha", file("lossy-alpha.webp")),
                arguments("lossless webp", file("lossless.webp")),
                arguments("lossless webp with alpha", file("lossless-alpha.webp")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("whole")
    void decode_cutAnywhere_isRefused(String kind, byte[] file) {
        ImageDecoder.decode(file, LIMITS);
        for (int length = 0; length < file.length; length += length < 700 ? 1 : 3) {
            byte[] cut = Arrays.copyOf(file, length);
            assertThatExceptionOfType(UnreadableImageException.class)
                    .as("%d of %d bytes", length, file.length)
                    .isThrownBy(() -> ImageDecoder.decode(cut, LIMITS));
        }
    }

    /** ImageIO paints what is missing grey, and says so by a warning only. */
    @Test
    void decode_jpegCutAndEnded_isRefused() throws IOException {
        byte[] file = jpeg(rgb(61, 47), false);
        for (int length = indexOf(file, 0xff, 0xda) + 14; length < file.length - 100; length += 7) {
            byte[] ended = Arrays.copyOf(file, length + 2);
            ended[length - 1] = 0; // no first half of a marker
            ended[length] = (byte) 0xff;
            ended[length + 1] = (byte) 0xd9;
            assertRefused(ended, "an intact JPEG", "damaged or cut off");
        }
    }

    /** Lengths that fit, too little in them. */
    @Test
    void decode_webpCutAndEnded_isRefused() throws IOException {
        byte[] file = file("lossy.webp");
        for (int length = 60; length < file.length - 30; length += 10) {
            byte[] ended = Arrays.copyOf(file, length);
            ByteBuffer.wrap(ended)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(4, length - 8)
                    .putInt(16, length - 20);
            assertRefused(ended, "an intact WebP", "damaged or cut off");
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("whole")
    void decode_byteChanged_givesAPictureOrTheRefusal(String kind, byte[] file) {
        for (int i = 0; i < file.length; i += 5) {
            byte[] damaged = file.clone();
            damaged[i] ^= 0x55;
            try {
                RgbImage image = ImageDecoder.decode(damaged, new ImageLimits(1, 100, 1 << 20))
                        .image();
                assertThat(image.rgb()).hasSize(image.width() * image.height() * 3);
            } catch (UnreadableImageException e) {
                assertThat(e.getMessage()).startsWith("a picture must be ");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "jpeg", "webp"})
    void decode_bytesAfterTheEnd_areIgnored(String format) throws IOException {
        byte[] file = switch (format) {
            case "png" -> PngWriter.encode(disc(31, 17), "");
            case "jpeg" -> jpeg(rgb(31, 17), false);
            default -> file("lossless.webp");
        };
        assertThat(ImageDecoder.decode(Arrays.copyOf(file, file.length + 9), LIMITS))
                .isEqualTo(ImageDecoder.decode(file, LIMITS));
    }

    @Test
    void decode_jpegOfTooManyScans_isRefused() throws IOException {
        byte[] file = jpeg(rgb(16, 16), false);
        int scan = indexOf(file, 0xff, 0xda);
        byte[] repeated = Arrays.copyOfRange(file, scan, file.length - 2);
        ByteArrayOutputStream many = new ByteArrayOutputStream();
        many.write(file, 0, scan);
        for (int i = 0; i < 65; i++) {
            many.writeBytes(repeated);
        }
        many.write(0xff);
        many.write(0xd9);
        assertRefused(many.toByteArray(), "an intact JPEG", "damaged or cut off");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void decode_orientation_isApplied(int orientation) throws IOException {
        byte[] upright = jpeg(rgb(24, 16), false);
        RgbImage stored = ImageDecoder.decode(upright, LIMITS).image();
        RgbImage turned = ImageDecoder.decode(withOrientation(upright, orientation), LIMITS)
                .image();
        assertThat(turned.width()).isEqualTo(orientation < 5 ? 24 : 16);
        // Where the top left pixel as stored is seen: EXIF 2.32, table for tag 0x0112.
        int right = turned.width() - 1;
        int bottom = turned.height() - 1;
        List<List<Integer>> seen = List.of(
                List.of(0, 0),
                List.of(right, 0),
                List.of(right, bottom),
                List.of(0, bottom),
                List.of(0, 0),
                List.of(right, 0),
                List.of(right, bottom),
                List.of(0, bottom));
        List<Integer> place = seen.get(orientation - 1);
        assertThat(pixel(turned, place.get(0), place.get(1))).isEqualTo(pixel(stored, 0, 0));
        // The next one along the stored row.
        int alongX = switch (orientation) {
            case 1, 4 -> 1;
            case 2, 3 -> -1;
            default -> 0;
        };
        int alongY = switch (orientation) {
            case 5, 6 -> 1;
            case 7, 8 -> -1;
            default -> 0;
        };
        assertThat(pixel(turned, place.get(0) + 7 * alongX, place.get(1) + 7 * alongY))
                .isEqualTo(pixel(stored, 7, 0));
    }

    @Test
    void decode_damagedExif_isUpright() throws IOException {
        byte[] file = jpeg(rgb(24, 16), false);
        byte[] turned = withOrientation(file, 6);
        int tiff = indexOf(turned, 'M', 'M');
        for (int i = 0; i < 24; i++) {
            byte[] damaged = turned.clone();
            damaged[tiff + i] = (byte) 0xff;
            assertThat(ImageDecoder.decode(damaged, LIMITS).image().width()).isIn(24, 16);
        }
    }

    @Test
    void decode_grey_keepsItsLevels() throws IOException {
        BufferedImage grey = new BufferedImage(256, 1, BufferedImage.TYPE_BYTE_GRAY);
        BufferedImage deep = new BufferedImage(256, 1, BufferedImage.TYPE_USHORT_GRAY);
        for (int x = 0; x < 256; x++) {
            grey.getRaster().setSample(x, 0, 0, x);
            deep.getRaster().setSample(x, 0, 0, x * 257);
        }
        for (BufferedImage picture : List.of(grey, deep)) {
            RgbImage image = ImageDecoder.decode(png(picture), LIMITS).image();
            for (int x = 0; x < 256; x++) {
                assertThat(pixel(image, x, 0)).containsExactly(x, x, x);
            }
        }
    }

    @Test
    void decode_greyJpeg_keepsItsLevels() throws IOException {
        BufferedImage grey = new BufferedImage(16, 16, BufferedImage.TYPE_BYTE_GRAY);
        WritableRaster raster = grey.getRaster();
        raster.setSamples(0, 0, 16, 16, 0, filled(256, 100));
        assertThat(pixel(ImageDecoder.decode(jpeg(grey, false), LIMITS).image(), 3, 3))
                .containsExactly(100, 100, 100);
    }

    @Test
    void decode_paletteWithTransparency_liesOverWhite() throws IOException {
        byte[] reds = {(byte) 200, 10};
        IndexColorModel palette = new IndexColorModel(1, 2, reds, reds, reds, 1);
        BufferedImage picture = new BufferedImage(2, 1, BufferedImage.TYPE_BYTE_BINARY, palette);
        picture.getRaster().setSample(1, 0, 0, 1);
        ImageDecoder.Decoded decoded = ImageDecoder.decode(png(picture), LIMITS);
        assertThat(pixel(decoded.image(), 0, 0)).containsExactly(200, 200, 200);
        assertThat(pixel(decoded.image(), 1, 0)).containsExactly(255, 255, 255);
        assertThat(decoded.alphaDropped()).isTrue();
    }

    @Test
    void decode_alpha_isMixedWithWhite() throws IOException {
        BufferedImage picture = new BufferedImage(2, 1, BufferedImage.TYPE_INT_ARGB);
        picture.setRGB(0, 0, 0xff102030);
        picture.setRGB(1, 0, 0x40102030);
        ImageDecoder.Decoded decoded = ImageDecoder.decode(png(picture), LIMITS);
        assertThat(pixel(decoded.image(), 0, 0)).containsExactly(0x10, 0x20, 0x30);
        assertThat(pixel(decoded.image(), 1, 0)).containsExactly(195, 199, 203); // (16 * 64 + 255 * 191) / 255 ...
        assertThat(decoded.alphaDropped()).isTrue();
        picture.setRGB(1, 0, 0xff000000);
        assertThat(ImageDecoder.decode(png(picture), LIMITS).alphaDropped()).isFalse();
    }

    /** One colour is transparent: tRNS without an alpha channel. */
    @Test
    void decode_transparentColour_liesOverWhite() {
        byte[] file = PngWriter.encode(RgbImage.of(2, 1, new byte[] {1, 2, 3, 4, 5, 6}), "");
        byte[] chunk = chunk("tRNS", new byte[] {0, 4, 0, 5, 0, 6});
        ByteBuffer with = ByteBuffer.allocate(file.length + chunk.length);
        with.put(file, 0, 33).put(chunk).put(file, 33, file.length - 33);
        ImageDecoder.Decoded decoded = ImageDecoder.decode(with.array(), LIMITS);
        assertThat(decoded.image()).isEqualTo(RgbImage.of(2, 1, new byte[] {1, 2, 3, -1, -1, -1}));
        assertThat(decoded.alphaDropped()).isTrue();
    }

    /** sRGB in another edition, as most profiles are: every byte stays. */
    @Test
    void decode_profileOfSrgb_changesNothing() {
        byte[] rgb = new byte[256 * 3];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) (i * 7);
        }
        RgbImage image = RgbImage.of(256, 1, rgb);
        byte[] file = PngWriter.encode(image, "");
        byte[] profile = ICC_Profile.getInstance(ColorSpace.CS_sRGB).getData();
        Deflater deflater = new Deflater();
        deflater.setInput(profile);
        deflater.finish();
        byte[] content = new byte[profile.length + 100];
        int length = 3 + deflater.deflate(content, 3, content.length - 3);
        deflater.end();
        content[0] = 'a';
        byte[] chunk = chunk("iCCP", Arrays.copyOf(content, length));
        ByteBuffer with = ByteBuffer.allocate(file.length + chunk.length);
        with.put(file, 0, 33).put(chunk).put(file, 33, file.length - 33);
        assertThat(ImageDecoder.decode(with.array(), LIMITS).image()).isEqualTo(image);
    }

    @Test
    void decode_enoughPixels_averagesSquares() {
        byte[] rgb = new byte[7 * 5 * 3];
        for (int i = 0; i < 7 * 5; i++) {
            Arrays.fill(rgb, i * 3, i * 3 + 3, (byte) (i % 7 * 10 + i / 7));
        }
        byte[] file = PngWriter.encode(RgbImage.of(7, 5, rgb), "");
        RgbImage reduced = ImageDecoder.decode(file, LIMITS, 2).image();
        assertThat(reduced.width()).isEqualTo(4);
        assertThat(reduced.height()).isEqualTo(3);
        assertThat(pixel(reduced, 1, 1)).containsExactly(28, 28, 28); // 22, 32, 23, 33: 27.5
        assertThat(pixel(reduced, 3, 2)).containsExactly(64, 64, 64); // the corner alone
        assertThat(ImageDecoder.decode(file, LIMITS, 3).image().width()).isEqualTo(7);
    }

    private static void assertRefused(byte[] file, String limit, String found) {
        assertThatExceptionOfType(UnreadableImageException.class)
                .isThrownBy(() -> ImageDecoder.decode(file, LIMITS))
                .satisfies(e -> assertThat(e.limit()).isEqualTo(limit))
                .satisfies(e -> assertThat(e.found()).isEqualTo(found));
    }

    private static long allocated() {
        return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }

    private static byte[] file(String name) throws IOException {
        return Files.readAllBytes(Path.of("src/test/resources/pictures", name));
    }

    private static double meanDifference(RgbImage one, RgbImage other) {
        long sum = 0;
        for (int i = 0; i < one.rgb().length; i++) {
            sum += Math.abs((one.rgb()[i] & 0xff) - (other.rgb()[i] & 0xff));
        }
        return (double) sum / one.rgb().length;
    }

    private static int[] pixel(RgbImage image, int x, int y) {
        int at = (y * image.width() + x) * 3;
        return new int[] {image.rgb()[at] & 0xff, image.rgb()[at + 1] & 0xff, image.rgb()[at + 2] & 0xff};
    }

    private static BufferedImage rgb(int width, int height) {
        BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_3BYTE_BGR);
        for (int i = 0; i < width * height; i++) {
            int x = i % width;
            int y = i / width;
            picture.setRGB(x, y, (x * 255 / width) << 16 | (y * 255 / height) << 8 | (x * y * 7) % 256);
        }
        return picture;
    }

    private static RgbImage disc(int width, int height) {
        byte[] rgb = new byte[width * height * 3];
        for (int i = 0; i < width * height; i++) {
            int dx = i % width - width / 2;
            int dy = i / width - height / 2;
            rgb[i * 3] = (byte) (dx * dx + dy * dy < width * height / 8 ? 220 : i % 50);
        }
        return RgbImage.of(width, height, rgb);
    }

    private static byte[] png(BufferedImage picture) throws IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        ImageIO.write(picture, "png", file);
        return file.toByteArray();
    }

    private static byte[] jpeg(BufferedImage picture, boolean progressive) throws IOException {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(file)) {
            ImageWriteParam how = writer.getDefaultWriteParam();
            how.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            how.setCompressionQuality(0.95f);
            how.setProgressiveMode(progressive ? ImageWriteParam.MODE_DEFAULT : ImageWriteParam.MODE_DISABLED);
            writer.setOutput(out);
            writer.write(null, new IIOImage(picture, null, null), how);
        } finally {
            writer.dispose();
        }
        return file.toByteArray();
    }

    /** Puts an APP1 segment after SOI: EXIF with one directory of one entry. */
    private static byte[] withOrientation(byte[] jpeg, int orientation) {
        ByteBuffer file = ByteBuffer.allocate(jpeg.length + 36).put(jpeg, 0, 2);
        file.putShort((short) 0xffe1).putShort((short) 34).put("Exif\0\0".getBytes(StandardCharsets.US_ASCII));
        file.put("MM\0*".getBytes(StandardCharsets.US_ASCII)).putInt(8).putShort((short) 1);
        file.putShort((short) 0x0112)
                .putShort((short) 3)
                .putInt(1)
                .putShort((short) orientation)
                .putShort((short) 0)
                .putInt(0);
        return file.put(jpeg, 2, jpeg.length - 2).array();
    }

    private static byte[] withPngSize(byte[] file, int width, int height) {
        ByteBuffer changed = ByteBuffer.wrap(file.clone()).putInt(16, width).putInt(20, height);
        CRC32 crc = new CRC32();
        crc.update(changed.array(), 12, 17);
        return changed.putInt(29, (int) crc.getValue()).array();
    }

    private static byte[] chunk(String type, byte[] content) {
        ByteBuffer chunk = ByteBuffer.allocate(12 + content.length).putInt(content.length);
        chunk.put(type.getBytes(StandardCharsets.US_ASCII)).put(content);
        CRC32 crc = new CRC32();
        crc.update(chunk.array(), 4, 4 + content.length);
        return chunk.putInt((int) crc.getValue()).array();
    }

    private static int indexOf(byte[] file, int first, int second) {
        for (int i = 0; i < file.length - 1; i++) {
            if (file[i] == (byte) first && file[i + 1] == (byte) second) {
                return i;
            }
        }
        throw new AssertionError("not there");
    }

    private static int[] filled(int length, int value) {
        int[] values = new int[length];
        Arrays.fill(values, value);
        return values;
    }
}
