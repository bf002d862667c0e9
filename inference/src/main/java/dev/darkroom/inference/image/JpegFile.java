// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.TreeMap;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;

/**
 * Marker segments, one or more scans of entropy-coded data, an end (ITU-T T.81, annex B). What follows the end, further pictures as a
 * rule, is ignored.
 */
final class JpegFile implements PictureFile {
    /** Encoders write 10 for a progressive picture; each makes the codec visit every block again. */
    private static final int MAX_SCANS = 64;

    private static final int DHT = 0xc4;
    private static final int EOI = 0xd9;
    private static final int SOS = 0xda;
    private static final int APP0 = 0xe0;
    private static final int APP1 = 0xe1;
    private static final int APP2 = 0xe2;
    private static final int ADOBE = 0xee;

    private static final String PROFILE = "ICC_PROFILE\0";
    private static final int ADOBE_TRANSFORM = 11;
    private static final int YCCK = 2;

    /** Four samples under any name: the JDK has no colour space of inks. */
    private static final ColorModel FOUR_SAMPLES = new ComponentColorModel(
            ColorSpace.getInstance(ColorSpace.CS_sRGB), true, false, Transparency.TRANSLUCENT, DataBuffer.TYPE_BYTE);

    /** JFIF 1.01, density unknown: says that three colours are YCbCr. */
    private static final byte[] JFIF = {
        (byte) 0xff, (byte) APP0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0
    };

    private final ByteBuffer in;
    private final ByteBuffer deciding;
    private final TreeMap<Integer, ByteBuffer> profile = new TreeMap<>();
    private int width;
    private int height;
    private int components;
    private int orientation = 1;
    private boolean jfif;
    private boolean adobe;
    private boolean namedRgb;
    private boolean luma;

    private JpegFile(byte[] file) {
        this.in = ByteBuffer.wrap(file).position(2); // after SOI
        this.deciding = ByteBuffer.allocate(file.length + JFIF.length).put(file, 0, 2);
    }

    static JpegFile open(byte[] file) {
        JpegFile jpeg = new JpegFile(file);
        int marker = jpeg.marker();
        while (marker != SOS) {
            jpeg.header(marker);
            marker = jpeg.marker();
        }
        jpeg.require(jpeg.width > 0 || jpeg.height > 0);
        return jpeg;
    }

    @Override
    public ImageFormat format() {
        return ImageFormat.JPEG;
    }

    @Override
    public int width() {
        return width;
    }

    @Override
    public int height() {
        return height;
    }

    @Override
    public boolean inks() {
        return components == 4;
    }

    /** Tells whether the components are called R, G and B. */
    boolean namedRgb() {
        return namedRgb;
    }

    /** Reads a marker; any number of bytes 0xff may stand before it. */
    private int marker() {
        require(unsignedByte() == 0xff);
        int marker = unsignedByte();
        while (marker == 0xff) {
            marker = unsignedByte();
        }
        return marker;
    }

    private void header(int marker) {
        ByteBuffer content = segment(marker);
        switch (marker) {
            case 0xc0, 0xc1, 0xc2 -> frame(content);
            case 0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf ->
                throw new UnreadableImageException("a baseline or progressive JPEG", "a lossless or arithmetic one");
            case APP0 -> jfif |= startsWith(content, "JFIF\0");
            case APP1 -> {
                if (startsWith(content, "Exif\0\0")) {
                    orientation = Orientation.inExif(content);
                }
            }
            case APP2 -> {
                if (startsWith(content, PROFILE)) {
                    profile.put(Byte.toUnsignedInt(content.get(PROFILE.length())), content);
                }
            }
            case ADOBE -> {
                adobe |= startsWith(content, "Adobe");
                luma |= startsWith(content, "Adobe") && content.get(ADOBE_TRANSFORM) == YCCK;
            }
            default -> {} // tables; their content is the codec's business
        }
    }

    /** Reads a segment, and keeps it if it decides pixels. */
    private ByteBuffer segment(int marker) {
        require(marker >= 0xc0 && (marker < 0xd0 || marker >= SOS)); // no RST, SOI, EOI here
        int start = in.position();
        int length = Short.toUnsignedInt(in.getShort());
        ByteBuffer content = in.slice(in.position(), length - 2);
        in.position(start + length);
        if (marker < APP0 || marker == ADOBE) {
            deciding.put((byte) 0xff).put((byte) marker).put(in.array(), start, length);
        }
        return content;
    }

    /** Bits per sample, height, width, number of components, and three bytes for each of these, its name first. */
    private void frame(ByteBuffer content) {
        require(width == 0 && height == 0);
        height = Short.toUnsignedInt(content.getShort(1));
        width = Short.toUnsignedInt(content.getShort(3));
        components = content.get(5);
        require(content.remaining() == 6 + 3 * components);
        if (content.get(0) != 8) {
            throw new UnreadableImageException("of 8 bits per sample", "of " + content.get(0));
        }
        if (components != 1 && components != 3 && components != 4) {
            throw new UnreadableImageException("grey or of three or four colours", "of " + components);
        }
        namedRgb = components == 3 && content.get(6) == 'R' && content.get(9) == 'G' && content.get(12) == 'B';
    }

    /** Goes on where {@link #open} ended, after the marker of the first scan; works once. */
    @Override
    public Content content() {
        if (components == 3 && (jfif || !(adobe || namedRgb))) {
            deciding.put(JFIF);
        }
        int marker = SOS;
        for (int scans = 0; marker != EOI; marker = marker()) {
            require(marker < 0xc0 || marker > 0xcf || marker == DHT); // no second frame
            segment(marker);
            if (marker == SOS) {
                require(++scans <= MAX_SCANS);
                entropyCoded();
            }
        }
        return new Content(deciding.put((byte) 0xff).put((byte) EOI).array(), profile(), orientation);
    }

    /** A profile comes in segments, which are numbered from 1 after the name, and told their number. */
    private byte[] profile() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (ByteBuffer segment : profile.values()) {
            int start = segment.arrayOffset() + PROFILE.length() + 2;
            bytes.write(segment.array(), start, segment.remaining() - PROFILE.length() - 2);
        }
        return bytes.toByteArray();
    }

    /** Steps over data up to the next marker; 0xff in it is followed by 0, or begins a restart marker. */
    private void entropyCoded() {
        int start = in.position();
        byte[] bytes = in.array();
        int at = start;
        while (bytes[at] != (byte) 0xff || isData(bytes[at + 1])) {
            at++;
        }
        deciding.put(bytes, start, at - start);
        in.position(at);
    }

    private static boolean isData(byte afterFf) {
        return afterFf == 0 || (afterFf & 0xf8) == 0xd0;
    }

    private int unsignedByte() {
        return Byte.toUnsignedInt(in.get());
    }

    private void require(boolean condition) {
        PictureFile.require(condition, ImageFormat.JPEG);
    }

    private static boolean startsWith(ByteBuffer content, String text) {
        byte[] start = text.getBytes(StandardCharsets.US_ASCII);
        return content.remaining() >= start.length
                && content.slice(0, start.length).equals(ByteBuffer.wrap(start));
    }

    @Override
    public ImageReader codec() {
        return ImageIO.getImageReadersByFormatName("jpeg").next();
    }

    /** The codec gives four colours as stored: less ink is more, as Adobe began and everybody does, and YCCK stays what it is. */
    @Override
    public BufferedImage read(ImageReader codec) throws IOException {
        if (!inks()) {
            return codec.read(0);
        }
        WritableRaster raster = (WritableRaster) codec.readRaster(0, null);
        byte[] samples = ((DataBufferByte) raster.getDataBuffer()).getData();
        for (int i = 0; i < samples.length; i += 4) {
            if (luma) {
                inksOf(samples, i);
            }
            for (int ink = luma ? 3 : 0; ink < 4; ink++) {
                samples[i + ink] = (byte) ~samples[i + ink];
            }
        }
        return new BufferedImage(FOUR_SAMPLES, raster, false, null);
    }

    /** YCC is of the inks turned to light, and they are stored turned: one undoes the other (ITU-T T.871, clause 7). */
    private static void inksOf(byte[] samples, int at) {
        int luminance = samples[at] & 255;
        int blue = (samples[at + 1] & 255) - 128;
        int red = (samples[at + 2] & 255) - 128;
        samples[at] = level(luminance + 1.402 * red);
        samples[at + 1] = level(luminance - 0.344136 * blue - 0.714136 * red);
        samples[at + 2] = level(luminance + 1.772 * blue);
    }

    private static byte level(double value) {
        return (byte) Math.clamp(Math.round(value), 0, 255);
    }
}
