// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.video;

/** Kinds of files that clips are written to. */
public enum VideoFormat {
    /** H.264 by OpenH264: FFmpeg's LGPL build has no x264. */
    MP4("video/mp4", "mp4", "libopenh264"),
    /** VP9 by libvpx. */
    WEBM("video/webm", "webm", "libvpx-vp9"),
    /** A palette of 256 colours for each frame. */
    GIF("image/gif", "gif", "gif"),
    /** Animated, lossy. */
    WEBP("image/webp", "webp", "libwebp_anim"),
    /** Each frame as a PNG picture, in an archive. */
    PNG_ZIP("application/zip", "zip", "png");

    private final String mediaType;
    private final String extension;
    private final String codec;

    VideoFormat(String mediaType, String extension, String codec) {
        this.mediaType = mediaType;
        this.extension = extension;
        this.codec = codec;
    }

    public String mediaType() {
        return mediaType;
    }

    /** Returns how names of such files end, without the dot. */
    public String extension() {
        return extension;
    }

    /** Returns who encodes the frames: an encoder of FFmpeg but for {@link #PNG_ZIP}. */
    public String codec() {
        return codec;
    }
}
