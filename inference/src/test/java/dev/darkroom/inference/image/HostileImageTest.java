// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Files made to harm, and the files of {@code darkroom_training.record_pictures} cut anywhere and with bytes changed. */
final class HostileImageTest {
    private static final ImageLimits LIMITS = new ImageLimits(1, 8192, 64 << 20);

    /** For pictures of 100 x 100 pixels at most: of 16 bits and four samples 80,000 bytes, and a profile. */
    private static final ImageLimits SMALL = new ImageLimits(1, 100, 1 << 20);

    private static final long SMALL_BYTES = 6 << 20;

    /** The codec of lossless WebP makes as many tables as a damaged file asks for, until it ends. */
    private static final long WEBP_BYTES = 32 << 20;

    private static final String TOO_LARGE = "1 to 8192 pixels wide and high";

    static Stream<Arguments> tooLarge() throws IOException {
        byte[] screen =
                little("plain.gif", file -> file.putShort(6, (short) 50_000).putShort(8, (short) 50_000));
        byte[] frame = little("plain.gif", file -> {
            int descriptor = descriptor(file);
            file.putShort(descriptor + 5, (short) 50_000).putShort(descriptor + 7, (short) 50_000);
        });
        byte[] tiff = little("pages.tif", file -> {
            file.putInt(valueOf(file, 256), 50_000);
            file.putInt(valueOf(file, 257), 50_000);
        });
        byte[] most = little("deep.tif", file -> putValue(file, 257, -1));
        byte[] bmp = little("rgb.bmp", file -> file.putInt(18, 50_000).putInt(22, -50_000));
        byte[] least = little("rgb.bmp", file -> file.putInt(18, 50_000).putInt(22, Integer.MIN_VALUE + 1));
        byte[] runs = little("runs.bmp", file -> file.putInt(18, 50_000).putInt(22, 50_000));
        return Stream.of(
                arguments("screen of a GIF", screen, "50000 x 50000"),
                arguments("frame of a GIF", frame, "50000 x 50000"),
                arguments("TIFF", tiff, "50000 x 50000"),
                arguments("TIFF of 2^32 - 1 rows", most, "45 x 2147483647"),
                arguments("BMP", bmp, "50000 x 50000"),
                arguments("BMP of 2^31 - 1 rows", least, "50000 x 2147483647"),
                arguments("BMP of runs", runs, "50000 x 50000"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("tooLarge")
    void decode_tooLarge_isRefusedByTheHeader(String kind, byte[] file, String found) {
        assertRefusedCheaply(file, TOO_LARGE, found);
    }

    /** 2^31 pixels in the width's type, and below 0: no size at all. */
    @Test
    void decode_bmpWithoutASize_isRefused() throws IOException {
        assertRefusedCheaply(little("rgb.bmp", file -> file.putInt(18, -45)), TOO_LARGE, "-45 x 34");
        assertRefusedCheaply(
                little("rgb.bmp", file -> file.putInt(22, Integer.MIN_VALUE)), "an intact BMP", "damaged or cut off");
    }

    /** Half a million frames of 15 bytes, and one that never comes. */
    @Test
    void decode_gifOfManyFrames_costsTheFirst() throws IOException {
        byte[] file = resource("plain.gif");
        byte[] frame = {0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0};
        ByteBuffer many = ByteBuffer.allocate(file.length + 500_000 * frame.length);
        many.put(file, 0, file.length - 1);
        for (int i = 0; i < 500_000; i++) {
            many.put(frame);
        }
        byte[] endless = many.array().clone();
        many.put((byte) 0x3b);
        RgbImage first = ImageDecoder.decode(file, LIMITS).image();
        long before = allocated();
        assertThat(ImageDecoder.decode(many.array(), LIMITS).image()).isEqualTo(first);
        assertThat(allocated() - before).isLessThan(1 << 20);
        endless[endless.length - 1] = 0x2c;
        assertRefusedCheaply(endless, "an intact GIF", "damaged or cut off");
    }

    /** The first directory names itself as the next one. */
    @Test
    void decode_tiffWithALoop_isTheFirstPage() throws IOException {
        RgbImage first = ImageDecoder.decode(resource("pages.tif"), LIMITS).image();
        byte[] loop = little("pages.tif", file -> {
            int directory = file.getInt(4);
            file.putInt(directory + 2 + 12 * file.getShort(directory), directory);
        });
        assertThat(ImageDecoder.decode(loop, LIMITS).image()).isEqualTo(first);
    }

    /** What a codec would allocate or do by, before it reads: tiles, strips, fields. */
    static Stream<Arguments> harmfulTiffs() throws IOException {
        return Stream.of(
                arguments("strips of no rows", little("lzw.tif", file -> putValue(file, 278, 0))),
                arguments("a strip behind the end", little("lzw.tif", file -> putValue(file, 273, 1 << 30))),
                arguments("a strip of 2 GB", little("lzw.tif", file -> putValue(file, 279, Integer.MAX_VALUE))),
                arguments("2^30 samples", little("lzw.tif", file -> file.putInt(valueOf(file, 258) - 4, 1 << 30))),
                arguments(
                        "a field of no known type",
                        little("lzw.tif", file -> file.putShort(valueOf(file, 273) - 6, (short) 99))),
                arguments("a directory behind the end", little("lzw.tif", file -> file.putInt(4, 1 << 30))),
                arguments("65,535 fields", little("lzw.tif", file -> file.putShort(file.getInt(4), (short) 65_535))));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("harmfulTiffs")
    void decode_harmfulTiff_isRefused(String kind, byte[] file) {
        assertRefusedCheaply(file, "an intact TIFF", "damaged or cut off");
    }

    /** One megabyte that every one of 8,192 strips points to would be read 8,192 times. */
    @Test
    void decode_tiffWithOverlappingStrips_isRefused() {
        int strips = 8192;
        ByteBuffer file = ByteBuffer.allocate(200 + strips * 8 + (1 << 20)).order(ByteOrder.LITTLE_ENDIAN);
        file.put("II*\0".getBytes(StandardCharsets.US_ASCII)).putInt(8).putShort((short) 9);
        int[][] fields = {
            {256, 1, 8},
            {257, 1, strips},
            {258, 1, 8},
            {259, 1, 1},
            {262, 1, 1},
            {273, strips, 200},
            {277, 1, 1},
            {278, 1, 1},
            {279, strips, 200 + strips * 4}
        };
        for (int[] field : fields) {
            file.putShort((short) field[0]).putShort((short) 4).putInt(field[1]).putInt(field[2]);
        }
        for (int i = 0; i < strips; i++) {
            file.putInt(200 + i * 4, 200 + strips * 8).putInt(200 + strips * 4 + i * 4, 1 << 20);
        }
        assertRefusedCheaply(file.array(), "an intact TIFF", "damaged or cut off");
    }

    /** A JPEG inside a TIFF has a header of its own. */
    @Test
    void decode_tiffWithALargeJpeg_isRefused() throws IOException {
        byte[] file = resource("jpeg.tif");
        int frame = indexOf(file, 0xff, 0xc0);
        ByteBuffer.wrap(file).putShort(frame + 5, (short) 50_000).putShort(frame + 7, (short) 50_000);
        assertRefusedCheaply(file, "an intact TIFF", "damaged or cut off");
    }

    @Test
    void decode_kindOfTiffThatIsNotRead_isRefusedWithTheReason() throws IOException {
        assertRefusedCheaply(
                little("lzw.tif", file -> putValue(file, 259, 6)),
                "a TIFF as it is, or in fax codes, LZW, JPEG, deflate or PackBits",
                "compressed otherwise");
        assertRefusedCheaply(
                little("lzw.tif", file -> putValue(file, 262, 8)),
                "a TIFF of 1 to 16 bits: grey, palette, RGB, YCbCr or CMYK, with one alpha channel at most",
                "another");
        assertRefusedCheaply(
                little("rgb.bmp", file -> file.putInt(30, 4)),
                "an uncompressed or run-length encoded BMP",
                "compressed otherwise");
        assertRefusedCheaply(
                little("rgb.bmp", file -> file.putInt(14, 64)),
                "a BMP with a header of 12, 40, 52, 56, 108 or 124 bytes",
                "of another");
    }

    /** 64 MiB of zeros, as a profile and as a text. The picture is as it would be without. */
    @Test
    void decode_pngWithZipBombs_unpacksNone() throws IOException {
        byte[] bomb = deflated(64 << 20);
        byte[] png = resource("frames.gif.png");
        ByteBuffer with = ByteBuffer.allocate(png.length + 2 * bomb.length + 100);
        with.put(png, 0, 33);
        chunk(with, "iCCP", "a\0\0".getBytes(StandardCharsets.US_ASCII), bomb);
        chunk(with, "iTXt", "darkroom\0\1\0\0\0".getBytes(StandardCharsets.US_ASCII), bomb);
        byte[] file = Arrays.copyOf(with.put(png, 33, png.length - 33).array(), with.position());
        RgbImage image = ImageDecoder.decode(png, LIMITS).image();
        assertThat(ImageDecoder.decode(file, LIMITS).image()).isEqualTo(image);
        long before = allocated();
        assertThat(PngReader.decode(file, 10_000).parametersJson()).isEmpty();
        assertThat(allocated() - before).isLessThan(8 << 20);
    }

    /** A profile that says nothing usable is no reason to refuse a picture. */
    @Test
    void decode_damagedProfile_isIgnored() throws IOException {
        RgbImage plain = ImageDecoder.decode(resource("pages.tif"), LIMITS).image();
        byte[] file = resource("profile.tif");
        int profile = indexOf(file, 'a', 'c', 's', 'p') - 36;
        Arrays.fill(file, profile, profile + 128, (byte) 0x55);
        assertThat(ImageDecoder.decode(file, LIMITS).image()).isEqualTo(plain);
        byte[] other = resource("profile.tif");
        System.arraycopy("CMYK".getBytes(StandardCharsets.US_ASCII), 0, other, profile + 16, 4);
        assertThat(ImageDecoder.decode(other, LIMITS).image()).isEqualTo(plain);
    }

    /** The frame fills the lower right of the screen; the rest is white. */
    @Test
    void decode_gifFrameBesideTheOrigin_liesOnItsScreen() throws IOException {
        RgbImage frame = ImageDecoder.decode(resource("plain.gif"), LIMITS).image();
        byte[] moved = little("plain.gif", file -> {
            int descriptor = descriptor(file);
            file.putShort(descriptor + 1, (short) 3).putShort(descriptor + 3, (short) 2);
        });
        ImageDecoder.Decoded decoded = ImageDecoder.decode(moved, LIMITS);
        assertThat(decoded.image().width()).isEqualTo(frame.width() + 3);
        assertThat(decoded.image().height()).isEqualTo(frame.height() + 2);
        assertThat(decoded.alphaDropped()).isTrue();
        assertThat(decoded.image().cropped(decoded.image().width(), 2).isConstant())
                .isTrue();
        int from = ((2 + 5) * decoded.image().width() + 3) * 3;
        assertThat(Arrays.copyOfRange(decoded.image().rgb(), from, from + frame.width() * 3))
                .isEqualTo(Arrays.copyOfRange(frame.rgb(), 5 * frame.width() * 3, 6 * frame.width() * 3));
    }

    static Stream<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("src/test/resources/pictures"))) {
            return files
                    .filter(file -> !file.toString().endsWith(".json")
                            && !file.toString().matches(".*\\.(?!file)[a-z]+\\.png"))
                    .sorted()
                    .toList()
                    .stream();
        }
    }

    /** Nothing but the refusal comes out, and no more is allocated than a picture may take, whatever is cut off or changed. */
    @ParameterizedTest
    @MethodSource("files")
    void decode_cutOrChanged_givesAPictureOrTheRefusal(Path path) throws IOException {
        byte[] file = Files.readAllBytes(path);
        long most = path.toString().endsWith(".webp") ? WEBP_BYTES : SMALL_BYTES;
        Random random = new Random(1);
        for (int i = 0; i < 120; i++) {
            requirePictureOrRefusal(Arrays.copyOf(file, i < 40 ? i * 3 : random.nextInt(file.length)), most);
        }
        for (int i = 0; i < 240; i++) {
            byte[] changed = file.clone();
            for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
                int at = i < 160 ? i % file.length : random.nextInt(file.length);
                changed[at] = (byte)
                        (flips % 2 == 0
                                ? random.nextInt()
                                : List.of(0, 0xff, 0x7f, 0x80).get(random.nextInt(4)));
            }
            requirePictureOrRefusal(changed, most);
        }
    }

    private static void requirePictureOrRefusal(byte[] file, long most) {
        long before = allocated();
        try {
            RgbImage image = ImageDecoder.decode(file, SMALL).image();
            assertThat(Math.max(image.width(), image.height())).isLessThanOrEqualTo(100);
        } catch (UnreadableImageException e) {
            assertThat(e.getMessage()).startsWith("a picture must be ");
        }
        assertThat(allocated() - before).isLessThan(most);
    }

    /** The first time loads classes; the best of three further times is not disturbed by others. */
    private static void assertRefusedCheaply(byte[] file, String limit, String found) {
        long bytes = Long.MAX_VALUE;
        long nanos = Long.MAX_VALUE;
        for (int i = 0; i < 4; i++) {
            long allocatedBefore = allocated();
            long before = System.nanoTime();
            UnreadableImageException refusal =
                    catchThrowableOfType(UnreadableImageException.class, () -> ImageDecoder.decode(file, LIMITS));
            nanos = Math.min(nanos, System.nanoTime() - before);
            bytes = Math.min(bytes, allocated() - allocatedBefore);
            assertThat(refusal.limit()).isEqualTo(limit);
            assertThat(refusal.found()).isEqualTo(found);
        }
        assertThat(bytes).isLessThan(1 << 20);
        assertThat(Duration.ofNanos(nanos)).isLessThan(Duration.ofMillis(100));
    }

    private static long allocated() {
        return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }

    private static byte[] resource(String name) throws IOException {
        return Files.readAllBytes(Path.of("src/test/resources/pictures", name));
    }

    private interface Change {
        void to(ByteBuffer file);
    }

    private static byte[] little(String name, Change change) throws IOException {
        byte[] file = resource(name);
        change.to(ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN));
        return file;
    }

    /** Returns where the value of a field of the first directory lies, or the offset of its values. */
    private static int valueOf(ByteBuffer tiff, int tag) {
        int directory = tiff.getInt(4);
        for (int at = directory + 2; ; at += 12) {
            if (Short.toUnsignedInt(tiff.getShort(at)) == tag) {
                return at + 8;
            }
        }
    }

    /** Makes it one number of 32 bits. */
    private static void putValue(ByteBuffer tiff, int tag, int value) {
        int at = valueOf(tiff, tag);
        tiff.putShort(at - 6, (short) 4).putInt(at - 4, 1).putInt(at, value);
    }

    private static byte[] deflated(int zeros) {
        Deflater deflater = new Deflater();
        deflater.setInput(new byte[zeros]);
        deflater.finish();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        byte[] buffer = new byte[1 << 16];
        while (!deflater.finished()) {
            bytes.write(buffer, 0, deflater.deflate(buffer));
        }
        deflater.end();
        return bytes.toByteArray();
    }

    private static void chunk(ByteBuffer png, String type, byte[] start, byte[] rest) {
        png.putInt(start.length + rest.length);
        int from = png.position();
        png.put(type.getBytes(StandardCharsets.US_ASCII)).put(start).put(rest);
        CRC32 crc = new CRC32();
        crc.update(png.slice(from, png.position() - from));
        png.putInt((int) crc.getValue());
    }

    /** Returns where the descriptor of a GIF's frame begins, of which the place is 0, 0. */
    private static int descriptor(ByteBuffer gif) {
        byte[] bytes = new byte[gif.capacity()];
        gif.get(0, bytes);
        return indexOf(bytes, 0, 0x2c, 0, 0, 0, 0) + 1;
    }

    private static int indexOf(byte[] file, int... bytes) {
        for (int i = 0; i <= file.length - bytes.length; i++) {
            int at = i;
            if (IntStream.range(0, bytes.length).allMatch(j -> file[at + j] == (byte) bytes[j])) {
                return i;
            }
        }
        throw new AssertionError("not there");
    }
}
