// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.video;

import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_unref;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_alloc_context3;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_decoder;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_free_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_open2;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_parameters_to_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_receive_frame;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_send_packet;
import static org.bytedeco.ffmpeg.global.avformat.av_read_frame;
import static org.bytedeco.ffmpeg.global.avformat.avformat_close_input;
import static org.bytedeco.ffmpeg.global.avformat.avformat_find_stream_info;
import static org.bytedeco.ffmpeg.global.avformat.avformat_open_input;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_RGB24;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_get_buffer;
import static org.bytedeco.ffmpeg.global.swscale.SWS_ACCURATE_RND;
import static org.bytedeco.ffmpeg.global.swscale.SWS_BICUBIC;
import static org.bytedeco.ffmpeg.global.swscale.SWS_FULL_CHR_H_INP;
import static org.bytedeco.ffmpeg.global.swscale.SWS_FULL_CHR_H_INT;
import static org.bytedeco.ffmpeg.global.swscale.sws_alloc_context;
import static org.bytedeco.ffmpeg.global.swscale.sws_free_context;
import static org.bytedeco.ffmpeg.global.swscale.sws_scale_frame;

import dev.darkroom.inference.image.RgbImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVCodecParameters;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.swscale.SwsContext;

/**
 * A clip as FFmpeg's demuxers and decoders read it.
 *
 * @param seconds that the container says it plays
 * @param rate frames per second, numerator / denominator
 * @param colours matrix, primaries, transfer and range, numbers of ITU-T H.273
 * @param times at which frames are shown, in seconds
 */
record ReadClip(
        double seconds,
        String rate,
        int pixelFormat,
        List<Integer> colours,
        List<Double> times,
        List<RgbImage> frames) {
    static ReadClip of(Path file) {
        AVFormatContext container = new AVFormatContext(null);
        Ffmpeg.check(avformat_open_input(container, file.toString(), null, null), "read the file");
        Ffmpeg.check(avformat_find_stream_info(container, (AVDictionary) null), "read the file");
        AVStream stream = container.streams(0);
        AVCodecParameters parameters = stream.codecpar();
        AVCodecContext decoder = avcodec_alloc_context3(null);
        Ffmpeg.check(avcodec_parameters_to_context(decoder, parameters), "describe the stream");
        Ffmpeg.check(
                avcodec_open2(decoder, avcodec_find_decoder(parameters.codec_id()), (AVDictionary) null), "decode");
        List<Double> times = new ArrayList<>();
        List<RgbImage> frames = new ArrayList<>();
        AVPacket packet = av_packet_alloc();
        AVFrame frame = av_frame_alloc();
        for (boolean more = true; more; ) {
            more = av_read_frame(container, packet) >= 0;
            Ffmpeg.check(avcodec_send_packet(decoder, more ? packet : null), "decode");
            while (avcodec_receive_frame(decoder, frame) >= 0) {
                times.add(frame.pts()
                        * (double) stream.time_base().num()
                        / stream.time_base().den());
                frames.add(rgb(frame));
            }
            av_packet_unref(packet);
        }
        ReadClip clip = new ReadClip(
                container.duration() / 1e6,
                stream.avg_frame_rate().num() + "/" + stream.avg_frame_rate().den(),
                parameters.format(),
                List.of(
                        parameters.color_space(),
                        parameters.color_primaries(),
                        parameters.color_trc(),
                        parameters.color_range()),
                times,
                frames);
        av_packet_free(packet);
        av_frame_free(frame);
        avcodec_free_context(decoder);
        avformat_close_input(container);
        return clip;
    }

    /** Converts as the frame's own tags say. */
    private static RgbImage rgb(AVFrame frame) {
        SwsContext scaler = sws_alloc_context();
        scaler.flags(SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP);
        AVFrame converted = av_frame_alloc();
        converted.format(AV_PIX_FMT_RGB24).width(frame.width()).height(frame.height());
        Ffmpeg.check(av_frame_get_buffer(converted, 1), "allocate a frame");
        Ffmpeg.check(sws_scale_frame(scaler, converted, frame), "convert a frame");
        byte[] rgb = new byte[frame.width() * frame.height() * 3];
        for (int y = 0; y < frame.height(); y++) {
            converted
                    .data(0)
                    .position((long) y * converted.linesize(0))
                    .get(rgb, y * frame.width() * 3, frame.width() * 3);
        }
        av_frame_free(converted);
        sws_free_context(scaler);
        return RgbImage.of(frame.width(), frame.height(), rgb);
    }

    /** Returns where a text, such as the name of an MP4's box, first stands in a file; -1 if it does not. */
    static int position(Path file, String text) throws IOException {
        return Files.readString(file, StandardCharsets.ISO_8859_1).indexOf(text);
    }
}
