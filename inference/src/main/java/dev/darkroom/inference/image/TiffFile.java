// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.WritableRaster;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;

/**
 * A directory of fields, and strips or tiles that it points to (TIFF 6.0). The first directory is the picture; no further one is looked
 * for.
 */
final class TiffFile implements PictureFile {
    private static final int ENTRY_BYTES = 12;
    /** Of each type of field from 1: BYTE, ASCII, SHORT, LONG, RATIONAL, and their signed relatives. */
    private static final int[] TYPE_BYTES = {1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8};

    private static final int WIDTH = 256;
    private static final int HEIGHT = 257;
    private static final int BITS = 258;
    private static final int COMPRESSION = 259;
    private static final int PHOTOMETRIC = 262;
    private static final int STRIP_OFFSETS = 273;
    private static final int SAMPLES = 277;
    private static final int STRIP_ROWS = 278;
    private static final int STRIP_BYTES = 279;
    private static final int PLANAR = 284;
    private static final int COLOUR_MAP = 320;
    private static final int TILE_WIDTH = 322;
    private static final int TILE_HEIGHT = 323;
    private static final int TILE_OFFSETS = 324;
    private static final int TILE_BYTES = 325;
    private static final int EXTRA_SAMPLES = 338;
    private static final int SAMPLE_FORMAT = 339;
    private static final int PROFILE = 34675;

    /** Those above, and: fill order, options of fax codes, predictor, JPEG tables, what YCbCr means. */
    private static final Set<Integer> DECIDING = Set.of(
            WIDTH,
            HEIGHT,
            BITS,
            COMPRESSION,
            PHOTOMETRIC,
            STRIP_OFFSETS,
            SAMPLES,
            STRIP_ROWS,
            STRIP_BYTES,
            PLANAR,
            TILE_WIDTH,
            TILE_HEIGHT,
            TILE_OFFSETS,
            TILE_BYTES,
            EXTRA_SAMPLES,
            SAMPLE_FORMAT,
            266,
            292,
            293,
            317,
            COLOUR_MAP,
            347,
            529,
            530,
            531,
            532);

    private static final int JPEG = 7;
    /** None, three fax codes, LZW, JPEG, deflate under its two numbers, PackBits. */
    private static final Set<Integer> COMPRESSIONS = Set.of(1, 2, 3, 4, 5, JPEG, 8, 32946, 32773);

    private static final Set<Integer> BITS_OF_ONE = Set.of(1, 2, 4, 8, 16);
    private static final Set<Integer> BITS_OF_MORE = Set.of(8, 16);

    private static final int WHITE_IS_ZERO = 0;
    private static final int BLACK_IS_ZERO = 1;
    private static final int RGB = 2;
    private static final int PALETTE = 3;
    private static final int CMYK = 5;
    private static final int YCBCR = 6;

    private static final int UNSPECIFIED = 0;
    private static final int ALPHA = 2;

    /** A tile may be larger than its picture by so many pixels. */
    private static final int TILE_EXCESS = 1024;

    private final ByteBuffer file;
    /** Where the entry of each field begins. */
    private final TreeMap<Integer, Integer> entries = new TreeMap<>();

    private TiffFile(ByteBuffer file) {
        this.file = file;
        int at = file.getInt(4);
        for (int i = Short.toUnsignedInt(file.getShort(at)); i > 0; i--) {
            int entry = at + 2 + (i - 1) * ENTRY_BYTES;
            entries.put(Short.toUnsignedInt(file.getShort(entry)), entry);
        }
    }

    static TiffFile open(byte[] bytes) {
        TiffFile tiff = new TiffFile(Orientation.ordered(ByteBuffer.wrap(bytes)));
        if (!COMPRESSIONS.contains(tiff.number(COMPRESSION, 1))) {
            throw new UnreadableImageException(
                    "a TIFF as it is, or in fax codes, LZW, JPEG, deflate or PackBits", "compressed otherwise");
        }
        return tiff;
    }

    private boolean has(int tag) {
        return entries.containsKey(tag);
    }

    /** Returns a field's first number. */
    private int number(int tag, int otherwise) {
        return has(tag) ? numberAt(tag, 0) : otherwise;
    }

    /** Returns one of a field's numbers; the largest for all that are larger. */
    private int numberAt(int tag, int index) {
        ByteBuffer values = values(tag);
        long number = switch (values.remaining() / count(tag)) {
            case 1 -> Byte.toUnsignedInt(values.get(index));
            case 2 -> Short.toUnsignedInt(values.getShort(2 * index));
            case 4 -> Integer.toUnsignedLong(values.getInt(4 * index));
            default -> throw UnreadableImageException.damaged(ImageFormat.TIFF);
        };
        return (int) Math.min(number, Integer.MAX_VALUE);
    }

    private int count(int tag) {
        int count = file.getInt(entry(tag) + 4);
        require(count > 0);
        return count;
    }

    private int entry(int tag) {
        Integer entry = entries.get(tag);
        if (entry == null) {
            throw UnreadableImageException.damaged(ImageFormat.TIFF);
        }
        return entry;
    }

    /** Values of up to four bytes lie in the entry. */
    private ByteBuffer values(int tag) {
        int entry = entry(tag);
        int length = Math.multiplyExact(count(tag), TYPE_BYTES[file.getShort(entry + 2) - 1]);
        return file.slice(length > 4 ? file.getInt(entry + 8) : entry + 8, length)
                .order(file.order());
    }

    private static void require(boolean condition) {
        PictureFile.require(condition, ImageFormat.TIFF);
    }

    @Override
    public ImageFormat format() {
        return ImageFormat.TIFF;
    }

    @Override
    public int width() {
        return numberAt(WIDTH, 0);
    }

    @Override
    public int height() {
        return numberAt(HEIGHT, 0);
    }

    @Override
    public boolean inks() {
        return numberAt(PHOTOMETRIC, 0) == CMYK;
    }

    /** Another directory is put behind the file, of those fields only that decide pixels, and without a next one. */
    @Override
    public Content content() {
        requireSamples();
        requireParts();
        int start = file.capacity() + file.capacity() % 2;
        int[] deciding = entries.keySet().stream()
                .mapToInt(Integer::intValue)
                .filter(tag -> DECIDING.contains(tag) && (tag != COLOUR_MAP || numberAt(PHOTOMETRIC, 0) == PALETTE))
                .toArray();
        ByteBuffer pixels = ByteBuffer.allocate(start + 2 + deciding.length * ENTRY_BYTES + 4)
                .order(file.order())
                .put(file.slice())
                .putInt(4, start)
                .position(start)
                .putShort((short) deciding.length);
        for (int tag : deciding) {
            values(tag); // there are as many as it says
            pixels.put(file.slice(entry(tag), ENTRY_BYTES));
        }
        return new Content(pixels.array(), profile(), Orientation.in(file.slice()));
    }

    private void requireSamples() {
        int bits = number(BITS, 1);
        int extras = extras();
        if (extras < 0 || extras > 1 || !(colours() == 1 && extras == 0 ? BITS_OF_ONE : BITS_OF_MORE).contains(bits)) {
            throw new UnreadableImageException(
                    "a TIFF of 1 to 16 bits: grey, palette, RGB, YCbCr or CMYK, with one alpha channel at most",
                    "another");
        }
        if (has(BITS)) {
            require(IntStream.range(0, count(BITS)).allMatch(i -> numberAt(BITS, i) == bits));
        }
        if (number(SAMPLE_FORMAT, 1) != 1) {
            throw new UnreadableImageException("a TIFF of whole numbers without a sign", "of others");
        }
    }

    /** Returns the number of samples that are colours; 0 for kinds that are not read. */
    private int colours() {
        return switch (numberAt(PHOTOMETRIC, 0)) {
            case WHITE_IS_ZERO, BLACK_IS_ZERO, PALETTE -> 1;
            case RGB, YCBCR -> 3;
            case CMYK -> 4;
            default -> 0;
        };
    }

    private int extras() {
        return colours() == 0 ? -1 : number(SAMPLES, 1) - colours();
    }

    /** Strips and tiles lie within the file, which they do not fill twice over, and are no larger than there is need for. */
    private void requireParts() {
        boolean tiled = has(TILE_WIDTH);
        int partWidth = tiled ? numberAt(TILE_WIDTH, 0) : width();
        int partHeight = tiled ? numberAt(TILE_HEIGHT, 0) : Math.min(height(), number(STRIP_ROWS, height()));
        require(partWidth > 0 && partWidth <= width() + TILE_EXCESS);
        require(partHeight > 0 && partHeight <= height() + TILE_EXCESS);
        long parts = (long) Math.ceilDiv(width(), partWidth) * Math.ceilDiv(height(), partHeight);
        parts *= number(PLANAR, 1) == 2 ? number(SAMPLES, 1) : 1;
        int offsets = tiled ? TILE_OFFSETS : STRIP_OFFSETS;
        int lengths = tiled ? TILE_BYTES : STRIP_BYTES;
        require(parts <= count(offsets) && parts <= count(lengths));
        long sum = 0;
        for (int i = 0; i < parts; i++) {
            ByteBuffer part = file.slice(numberAt(offsets, i), numberAt(lengths, i));
            sum += part.remaining();
            require(sum <= file.capacity());
            if (number(COMPRESSION, 1) == JPEG) {
                requireJpeg(part, partWidth, partHeight);
            }
        }
    }

    /** A part has sizes of its own, which the codec would believe, and takes for RGB what has these names. */
    private void requireJpeg(ByteBuffer part, int partWidth, int partHeight) {
        byte[] bytes = new byte[part.remaining()];
        part.get(bytes);
        JpegFile jpeg = JpegFile.open(bytes);
        require(jpeg.width() <= partWidth && jpeg.height() <= partHeight && !jpeg.inks());
        jpeg.content();
        if (jpeg.namedRgb() != (numberAt(PHOTOMETRIC, 0) == RGB)) {
            throw new UnreadableImageException("a TIFF with JPEGs of the colours that it names", "with others");
        }
    }

    private byte[] profile() {
        if (!has(PROFILE)) {
            return Content.NO_PROFILE;
        }
        ByteBuffer values = values(PROFILE);
        byte[] profile = new byte[values.remaining()];
        values.get(profile);
        return profile;
    }

    @Override
    public ImageReader codec() {
        return ImageIO.getImageReadersByFormatName("tiff").next();
    }

    /** The codec takes any further sample for alpha; the file may say that it is something else. */
    @Override
    public BufferedImage read(ImageReader codec) throws IOException {
        BufferedImage picture = codec.read(0);
        if (extras() == 0 || number(EXTRA_SAMPLES, ALPHA) != UNSPECIFIED) {
            return picture;
        }
        int[] bands = IntStream.range(0, colours()).toArray();
        WritableRaster raster = picture.getRaster().createWritableChild(0, 0, width(), height(), 0, 0, bands);
        ColorSpace space = ColorSpace.getInstance(bands.length == 1 ? ColorSpace.CS_GRAY : ColorSpace.CS_sRGB);
        ColorModel opaque = new ComponentColorModel(space, false, false, Transparency.OPAQUE, raster.getTransferType());
        return new BufferedImage(opaque, raster, false, null);
    }
}
