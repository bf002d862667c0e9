// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.video;

import static org.bytedeco.ffmpeg.global.avutil.AV_LOG_QUIET;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_free;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_set;
import static org.bytedeco.ffmpeg.global.avutil.av_log_set_level;
import static org.bytedeco.ffmpeg.global.avutil.av_strerror;

import dev.darkroom.inference.InferenceException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.ToIntFunction;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.javacpp.Pointer;

/** How FFmpeg's functions report. It logs nothing itself: failures arrive as exceptions. */
final class Ffmpeg {
    private static final int LONGEST_MESSAGE = 128;

    static {
        av_log_set_level(AV_LOG_QUIET);
    }

    private Ffmpeg() {}

    /** Returns {@code code} unless it is an error. */
    static int check(int code, String what) {
        if (code < 0) {
            byte[] message = new byte[LONGEST_MESSAGE];
            av_strerror(code, message, message.length);
            throw new InferenceException("FFmpeg cannot " + what + ": " + text(message));
        }
        return code;
    }

    private static String text(byte[] message) {
        int end = 0;
        while (end < message.length && message[end] != 0) {
            end++;
        }
        return new String(message, 0, end, StandardCharsets.US_ASCII);
    }

    /** Returns what a function gave, unless that is nothing. */
    static <P extends Pointer> P given(P pointer, String what) {
        if (pointer == null || pointer.isNull()) {
            throw new InferenceException("FFmpeg has no " + what);
        }
        return pointer;
    }

    /**
     * Calls a function with options, all of which it must know.
     *
     * @param function takes the options that it knows out of the dictionary
     */
    static void withOptions(Map<String, String> options, String what, ToIntFunction<AVDictionary> function) {
        AVDictionary dictionary = new AVDictionary(null);
        try {
            options.forEach((key, value) -> check(av_dict_set(dictionary, key, value, 0), "keep an option"));
            check(function.applyAsInt(dictionary), what);
        } finally {
            av_dict_free(dictionary);
        }
    }
}
