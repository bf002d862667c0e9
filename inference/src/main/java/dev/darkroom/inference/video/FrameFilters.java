// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.video;

import static org.bytedeco.ffmpeg.global.avfilter.AV_BUFFERSRC_FLAG_KEEP_REF;
import static org.bytedeco.ffmpeg.global.avfilter.av_buffersink_get_format;
import static org.bytedeco.ffmpeg.global.avfilter.av_buffersink_get_frame;
import static org.bytedeco.ffmpeg.global.avfilter.av_buffersrc_add_frame_flags;
import static org.bytedeco.ffmpeg.global.avfilter.avfilter_graph_alloc;
import static org.bytedeco.ffmpeg.global.avfilter.avfilter_graph_config;
import static org.bytedeco.ffmpeg.global.avfilter.avfilter_graph_free;
import static org.bytedeco.ffmpeg.global.avfilter.avfilter_graph_get_filter;
import static org.bytedeco.ffmpeg.global.avfilter.avfilter_graph_parse_ptr;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_RANGE_JPEG;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_SPC_RGB;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_EOF;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_RGB24;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_get_buffer;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_make_writable;
import static org.bytedeco.ffmpeg.presets.avutil.AVERROR_EAGAIN;

import dev.darkroom.inference.image.RgbImage;
import org.bytedeco.ffmpeg.avfilter.AVFilterContext;
import org.bytedeco.ffmpeg.avfilter.AVFilterGraph;
import org.bytedeco.ffmpeg.avfilter.AVFilterInOut;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.javacpp.BytePointer;

/** Turns RGB frames into what an encoder takes, by FFmpeg's filters on one thread. Used by one thread; whoever opened it closes it. */
final class FrameFilters implements AutoCloseable {
    private final AVFilterGraph graph;
    private final AVFilterContext source;
    private final AVFilterContext sink;
    private final AVFrame frame;

    private FrameFilters(AVFilterGraph graph, AVFilterContext source, AVFilterContext sink, AVFrame frame) {
        this.graph = graph;
        this.source = source;
        this.sink = sink;
        this.frame = frame;
    }

    /** @param filters between frames of this size, with a time base of one frame, and the encoder */
    static FrameFilters open(int width, int height, int frameRate, String filters) {
        AVFilterGraph graph = Ffmpeg.given(avfilter_graph_alloc(), "memory");
        AVFrame frame = Ffmpeg.given(av_frame_alloc(), "memory");
        try {
            graph.nb_threads(1);
            String from =
                    "buffer@in=width=%d:height=%d:pix_fmt=rgb24:time_base=1/%d:frame_rate=%d/1:pixel_aspect=1/1:colorspace=gbr:range=pc"
                            .formatted(width, height, frameRate, frameRate);
            String all = from + "," + filters + ",buffersink@out";
            AVFilterInOut none = new AVFilterInOut(null);
            Ffmpeg.check(avfilter_graph_parse_ptr(graph, all, none, none, null), "parse its filters");
            Ffmpeg.check(avfilter_graph_config(graph, null), "join its filters");
            frame.format(AV_PIX_FMT_RGB24).width(width).height(height);
            frame.colorspace(AVCOL_SPC_RGB).color_range(AVCOL_RANGE_JPEG);
            Ffmpeg.check(av_frame_get_buffer(frame, 0), "allocate a frame");
            return new FrameFilters(
                    graph,
                    Ffmpeg.given(avfilter_graph_get_filter(graph, "buffer@in"), "source"),
                    Ffmpeg.given(avfilter_graph_get_filter(graph, "buffersink@out"), "sink"),
                    frame);
        } catch (RuntimeException e) {
            av_frame_free(frame);
            avfilter_graph_free(graph);
            throw e;
        }
    }

    /** Returns the format of the pixels that come out. */
    int pixelFormat() {
        return av_buffersink_get_format(sink);
    }

    void push(RgbImage image, long index) {
        Ffmpeg.check(av_frame_make_writable(frame), "write to a frame");
        int row = image.width() * 3;
        BytePointer pixels = frame.data(0);
        for (int y = 0; y < image.height(); y++) {
            pixels.position((long) y * frame.linesize(0)).put(image.rgb(), y * row, row);
        }
        frame.pts(index);
        Ffmpeg.check(av_buffersrc_add_frame_flags(source, frame, AV_BUFFERSRC_FLAG_KEEP_REF), "filter a frame");
    }

    /** Says that no more frames come. */
    void end() {
        Ffmpeg.check(av_buffersrc_add_frame_flags(source, null, 0), "end its filters");
    }

    /** Fetches the next frame that is ready; whoever asked unreferences it. Returns false where there is none. */
    boolean pull(AVFrame into) {
        int code = av_buffersink_get_frame(sink, into);
        if (code == AVERROR_EAGAIN() || code == AVERROR_EOF) {
            return false;
        }
        Ffmpeg.check(code, "filter a frame");
        return true;
    }

    @Override
    public void close() {
        av_frame_free(frame);
        avfilter_graph_free(graph);
    }
}
