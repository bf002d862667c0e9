// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.video;

import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_FLAG_BITEXACT;
import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_FLAG_GLOBAL_HEADER;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_rescale_ts;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_alloc_context3;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_encoder_by_name;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_free_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_open2;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_parameters_from_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_receive_packet;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_send_frame;
import static org.bytedeco.ffmpeg.global.avformat.AVFMT_GLOBALHEADER;
import static org.bytedeco.ffmpeg.global.avformat.AVIO_FLAG_WRITE;
import static org.bytedeco.ffmpeg.global.avformat.av_interleaved_write_frame;
import static org.bytedeco.ffmpeg.global.avformat.av_write_trailer;
import static org.bytedeco.ffmpeg.global.avformat.avformat_alloc_output_context2;
import static org.bytedeco.ffmpeg.global.avformat.avformat_free_context;
import static org.bytedeco.ffmpeg.global.avformat.avformat_new_stream;
import static org.bytedeco.ffmpeg.global.avformat.avformat_write_header;
import static org.bytedeco.ffmpeg.global.avformat.avio_closep;
import static org.bytedeco.ffmpeg.global.avformat.avio_open;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_PRI_BT709;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_RANGE_MPEG;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_SPC_BT709;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_TRC_BT709;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_EOF;
import static org.bytedeco.ffmpeg.global.avutil.AV_OPT_SEARCH_CHILDREN;
import static org.bytedeco.ffmpeg.global.avutil.AV_PICTURE_TYPE_NONE;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_unref;
import static org.bytedeco.ffmpeg.global.avutil.av_make_q;
import static org.bytedeco.ffmpeg.global.avutil.av_opt_set_int;
import static org.bytedeco.ffmpeg.presets.avutil.AVERROR_EAGAIN;

import dev.darkroom.inference.image.RgbImage;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVIOContext;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVFrame;

/** Writes a clip by FFmpeg: filters, an encoder and a muxer, one thread each; the file says neither when it was written nor by which version. */
final class FfmpegWriter implements VideoWriter {
    private static final int CENTISECONDS = 100;

    private final VideoSettings settings;
    private final Deque<Runnable> releases = new ArrayDeque<>();
    private final FrameFilters filters;
    private final AVFormatContext container;
    private final AVCodecContext encoder;
    private final AVStream stream;
    private final AVFrame filtered;
    private final AVPacket packet;
    private long frames;

    private FfmpegWriter(VideoSettings settings, Path file) {
        this.settings = settings;
        Encoding encoding = Encoding.of(settings);
        int width = settings.encodedWidth();
        int height = settings.encodedHeight();
        try {
            filters = FrameFilters.open(width, height, settings.frameRate(), encoding.filters());
            releases.push(filters::close);
            filtered = Ffmpeg.given(av_frame_alloc(), "memory");
            releases.push(() -> av_frame_free(filtered));
            packet = Ffmpeg.given(av_packet_alloc(), "memory");
            releases.push(() -> av_packet_free(packet));
            container = container(encoding, file);
            encoder = encoder(encoding);
            stream = Ffmpeg.given(avformat_new_stream(container, null), "memory");
            begin(encoding);
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    static FfmpegWriter open(VideoSettings settings, Path file) {
        return new FfmpegWriter(settings, file);
    }

    private AVFormatContext container(Encoding encoding, Path file) {
        String url = "file:" + file;
        AVFormatContext context = new AVFormatContext(null);
        Ffmpeg.check(avformat_alloc_output_context2(context, null, encoding.container(), url), "write this container");
        releases.push(() -> avformat_free_context(context));
        context.flags(context.flags() | AVFormatContext.AVFMT_FLAG_BITEXACT);
        AVIOContext output = new AVIOContext(null);
        Ffmpeg.check(avio_open(output, url, AVIO_FLAG_WRITE), "open the file");
        releases.push(() -> avio_closep(output));
        context.pb(output);
        return context;
    }

    private AVCodecContext encoder(Encoding encoding) {
        AVCodec codec = Ffmpeg.given(
                avcodec_find_encoder_by_name(settings.format().codec()),
                settings.format().codec());
        AVCodecContext context = Ffmpeg.given(avcodec_alloc_context3(codec), "memory");
        releases.push(() -> avcodec_free_context(context));
        context.width(settings.encodedWidth()).height(settings.encodedHeight());
        context.pix_fmt(filters.pixelFormat());
        context.time_base(av_make_q(1, settings.frameRate()));
        context.framerate(av_make_q(settings.frameRate(), 1));
        context.sample_aspect_ratio(av_make_q(1, 1));
        boolean headerFirst = (container.oformat().flags() & AVFMT_GLOBALHEADER) != 0;
        context.flags(context.flags() | AV_CODEC_FLAG_BITEXACT | (headerFirst ? AV_CODEC_FLAG_GLOBAL_HEADER : 0));
        if (encoding.bt709()) {
            context.colorspace(AVCOL_SPC_BT709).color_primaries(AVCOL_PRI_BT709);
            context.color_trc(AVCOL_TRC_BT709).color_range(AVCOL_RANGE_MPEG);
        }
        Ffmpeg.withOptions(
                encoding.codecOptions(), "open the encoder", options -> avcodec_open2(context, codec, options));
        return context;
    }

    private void begin(Encoding encoding) {
        Ffmpeg.check(avcodec_parameters_from_context(stream.codecpar(), encoder), "describe the stream");
        stream.time_base(encoder.time_base());
        stream.avg_frame_rate(encoder.framerate());
        stream.r_frame_rate(encoder.framerate());
        Ffmpeg.withOptions(
                encoding.containerOptions(), "begin the file", options -> avformat_write_header(container, options));
    }

    @Override
    public void add(RgbImage frame) {
        Frames.requireSize(frame, settings);
        filters.push(frame.padded(settings.encodedWidth(), settings.encodedHeight()), frames++);
        encodeFiltered();
    }

    @Override
    public void finish() {
        filters.end();
        encodeFiltered();
        Ffmpeg.check(avcodec_send_frame(encoder, null), "end the encoder");
        writePackets();
        if (settings.format() == VideoFormat.GIF) {
            holdLastFrame();
        }
        Ffmpeg.check(av_write_trailer(container), "complete the file");
    }

    /** A GIF counts in hundredths of a second; the last frame ends where the clip does. */
    private void holdLastFrame() {
        long end = Math.round(1.0 * CENTISECONDS * frames / settings.frameRate());
        long start = Math.round(1.0 * CENTISECONDS * (frames - 1) / settings.frameRate());
        int code = av_opt_set_int(container, "final_delay", end - start, AV_OPT_SEARCH_CHILDREN);
        Ffmpeg.check(code, "hold the last frame");
    }

    private void encodeFiltered() {
        while (filters.pull(filtered)) {
            filtered.pict_type(AV_PICTURE_TYPE_NONE);
            int code = avcodec_send_frame(encoder, filtered);
            av_frame_unref(filtered);
            Ffmpeg.check(code, "encode a frame");
            writePackets();
        }
    }

    private void writePackets() {
        int code = avcodec_receive_packet(encoder, packet);
        while (code >= 0) {
            if (packet.duration() == 0) {
                packet.duration(1);
            }
            packet.stream_index(stream.index());
            av_packet_rescale_ts(packet, encoder.time_base(), stream.time_base());
            Ffmpeg.check(
                    av_interleaved_write_frame(container, packet), "write a frame"); // takes the packet's data over
            code = avcodec_receive_packet(encoder, packet);
        }
        if (code != AVERROR_EAGAIN() && code != AVERROR_EOF) {
            Ffmpeg.check(code, "encode a frame");
        }
    }

    @Override
    public void close() {
        while (!releases.isEmpty()) {
            releases.pop().run();
        }
    }
}
