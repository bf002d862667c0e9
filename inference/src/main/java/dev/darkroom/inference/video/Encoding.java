// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.video;

import java.util.Map;

/**
 * How FFmpeg makes a kind of file.
 *
 * @param container name of the muxer
 * @param filters what becomes of RGB frames before they are encoded
 * @param bt709 whether the file says how its colours are meant: BT.709, limited range
 * @param codecOptions of the encoder; one thread, so that equal frames give equal bytes
 * @param containerOptions of the muxer
 */
record Encoding(
        String container,
        String filters,
        boolean bt709,
        Map<String, String> codecOptions,
        Map<String, String> containerOptions) {
    private static final String TO_BT709 =
            "scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact,"
                    + "format=yuv420p";

    /** A palette for each frame, so that no frame has to wait for the last one. */
    private static final String TO_PALETTE =
            "split[picture][seen];[seen]palettegen=stats_mode=single:reserve_transparent=0[palette];"
                    + "[picture][palette]paletteuse=new=1:dither=sierra2_4a";

    static Encoding of(VideoSettings settings) {
        return switch (settings.format()) {
            case MP4 -> new Encoding("mp4", TO_BT709, true, h264(settings), Map.of("movflags", "+faststart"));
            case WEBM -> new Encoding("webm", TO_BT709, true, vp9(settings), Map.of());
            case GIF -> new Encoding("gif", TO_PALETTE, false, Map.of("threads", "1"), Map.of("loop", "0"));
            case WEBP -> new Encoding("webp", "format=bgra", false, webp(settings), Map.of("loop", "0"));
            case PNG_ZIP -> throw new IllegalArgumentException("FFmpeg writes no archives");
        };
    }

    /** The same quantizer for every block: quality 100 is 10, 80 is 17, 1 is 46. */
    private static Map<String, String> h264(VideoSettings settings) {
        String quantizer = Long.toString(Math.round(46 - 0.36 * settings.quality()));
        return Map.of(
                "threads", "1",
                "g", Integer.toString(10 * settings.frameRate()),
                "profile", "high",
                "rc_mode", "quality",
                "allow_skip_frames", "0",
                "qmin", quantizer,
                "qmax", quantizer);
    }

    /** Constant quality: 100 is 2, 80 is 14, 1 is 61. */
    private static Map<String, String> vp9(VideoSettings settings) {
        return Map.of(
                "threads", "1",
                "g", Integer.toString(10 * settings.frameRate()),
                "b", "0",
                "crf", Long.toString(Math.round(62 - 0.6 * settings.quality())),
                "deadline", "good",
                "cpu-used", "3");
    }

    private static Map<String, String> webp(VideoSettings settings) {
        return Map.of("threads", "1", "quality", Integer.toString(settings.quality()), "compression_level", "4");
    }
}
