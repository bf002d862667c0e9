// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOInvalidTreeException;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Encodes 8-bit RGB PNG files that carry how they were made in an uncompressed iTXt chunk. Thread-safe. */
public final class PngWriter {
    /** The keyword of the iTXt chunk. */
    public static final String KEYWORD = "darkroom";

    private static final String FORMAT = "javax_imageio_png_1.0";

    private PngWriter() {}

    /**
     * Returns a file. Equal arguments give equal bytes under the same Java build.
     *
     * @param parametersJson UTF-8 text for the chunk; empty for none
     */
    public static byte[] encode(RgbImage image, String parametersJson) {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("png").next();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
            BufferedImage pixels = buffered(image);
            writer.setOutput(out);
            writer.write(new IIOImage(pixels, null, metadata(writer, pixels, parametersJson)));
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory failed", e);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }

    private static BufferedImage buffered(RgbImage image) {
        BufferedImage pixels = new BufferedImage(image.width(), image.height(), BufferedImage.TYPE_3BYTE_BGR);
        pixels.getRaster().setDataElements(0, 0, image.width(), image.height(), image.rgb()); // bands: red, green, blue
        return pixels;
    }

    private static IIOMetadata metadata(ImageWriter writer, BufferedImage pixels, String text)
            throws IIOInvalidTreeException {
        IIOMetadata metadata = writer.getDefaultImageMetadata(ImageTypeSpecifier.createFromRenderedImage(pixels), null);
        if (!text.isEmpty()) {
            metadata.mergeTree(FORMAT, node(FORMAT, node("iTXt", textEntry(text))));
        }
        return metadata;
    }

    private static IIOMetadataNode textEntry(String text) {
        IIOMetadataNode entry = new IIOMetadataNode("iTXtEntry");
        Map.of(
                        "keyword", KEYWORD,
                        "compressionFlag", "FALSE",
                        "compressionMethod", "0",
                        "languageTag", "",
                        "translatedKeyword", "",
                        "text", text)
                .forEach(entry::setAttribute);
        return entry;
    }

    private static IIOMetadataNode node(String name, IIOMetadataNode child) {
        IIOMetadataNode node = new IIOMetadataNode(name);
        node.appendChild(child);
        return node;
    }
}
