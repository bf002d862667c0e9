// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

import java.nio.charset.StandardCharsets;

/** The formats that can be read, told by their first bytes. */
enum ImageFormat {
    PNG,
    JPEG,
    WEBP,
    GIF,
    TIFF,
    BMP;

    static ImageFormat of(byte[] file) {
        if (has(file, 0, "\u0089PNG\r\n\u001a\n")) {
            return PNG;
        }
        if (has(file, 0, "\u00ff\u00d8\u00ff")) {
            return JPEG;
        }
        if (has(file, 0, "RIFF") && has(file, 8, "WEBP")) {
            return WEBP;
        }
        if (has(file, 0, "GIF87a") || has(file, 0, "GIF89a")) {
            return GIF;
        }
        if (has(file, 0, "II*\0") || has(file, 0, "MM\0*")) {
            return TIFF;
        }
        if (has(file, 0, "BM")) {
            return BMP;
        }
        throw new UnreadableImageException("a PNG, JPEG, WebP, GIF, TIFF or BMP picture", "something else");
    }

    private static boolean has(byte[] file, int offset, String signature) {
        return file.length >= offset + signature.length()
                && new String(file, offset, signature.length(), StandardCharsets.ISO_8859_1).equals(signature);
    }

    /** Reads the header, and throws whatever a buffer throws when that is cut off. */
    PictureFile open(byte[] file) {
        return switch (this) {
            case PNG -> PngFile.open(file);
            case JPEG -> JpegFile.open(file);
            case WEBP -> WebpFile.open(file);
            case GIF -> GifFile.open(file);
            case TIFF -> TiffFile.open(file);
            case BMP -> BmpFile.open(file);
        };
    }

    @Override
    public String toString() {
        return this == WEBP ? "WebP" : name();
    }
}
