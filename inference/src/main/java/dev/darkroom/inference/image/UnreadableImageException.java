// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

/**
 * Bytes that are no picture, a damaged one, or one beyond the limits. Both parts may be shown to whoever sent the bytes: they hold
 * neither text nor pixels of the file.
 */
public final class UnreadableImageException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    private final String limit;
    private final String found;

    /**
     * @param limit what the picture must be, such as {@code 1 to 8192 pixels wide and high}
     * @param found what it is, such as {@code 50000 x 50000}
     */
    UnreadableImageException(String limit, String found) {
        super("a picture must be " + limit + ", but was " + found);
        this.limit = limit;
        this.found = found;
    }

    static UnreadableImageException damaged(ImageFormat format) {
        return new UnreadableImageException("an intact " + format, "damaged or cut off");
    }

    public String limit() {
        return limit;
    }

    public String found() {
        return found;
    }
}
