// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import dev.darkroom.inference.tensor.GaussianNoise;
import dev.darkroom.inference.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * A video longer than what a network draws at once, in windows of that many frames that share half of them with their neighbours. What the network says
 * of each is blended at every step: MultiDiffusion (Bar-Tal et al. 2023, arXiv:2302.08113) along time. Frames beyond the first window start from noise of
 * frames before them in another order, so that all of them show one scene: FreeNoise (Qiu et al. 2023, arXiv:2310.15169). Immutable.
 */
public final class FrameWindows {
    private final TileAxis axis;

    private FrameWindows(TileAxis axis) {
        this.axis = axis;
    }

    /**
     * Covers a video.
     *
     * @param window frames that the network draws at once, at least 2
     */
    public static FrameWindows of(int frames, int window) {
        return new FrameWindows(TileAxis.of(frames, window, window / 2));
    }

    /** Returns the number of windows; 1 where the network draws all frames at once. */
    public int count() {
        return axis.count();
    }

    /** Returns the frames of a window. */
    public int frames() {
        return axis.tile();
    }

    /** Returns a window (1, C, W, h, w) of a video (1, C, F, h, w). */
    public Tensor cut(Tensor video, int window) {
        if (count() == 1) {
            return video;
        }
        int channels = video.dim(1);
        int plane = video.dim(3) * video.dim(4);
        float[] part = new float[channels * frames() * plane];
        for (int channel = 0; channel < channels; channel++) {
            int from = (channel * axis.length() + axis.start(window)) * plane;
            System.arraycopy(video.data(), from, part, channel * frames() * plane, frames() * plane);
        }
        return Tensor.of(part, 1, channels, frames(), video.dim(3), video.dim(4));
    }

    /** Returns the video (1, C, F, h, w) that windows (1, C, W, h, w) make together, each frame by the shares that they have of it. */
    public Tensor blend(List<Tensor> windows) {
        Tensor first = windows.getFirst();
        if (count() == 1) {
            return first;
        }
        int channels = first.dim(1);
        int plane = first.dim(3) * first.dim(4);
        float[] video = new float[channels * axis.length() * plane];
        for (int window = 0; window < count(); window++) {
            float[] part = windows.get(window).data();
            for (int line = 0; line < channels * frames(); line++) {
                int frame = line % frames();
                float share = axis.share(window, frame);
                int to = (line / frames() * axis.length() + axis.start(window) + frame) * plane;
                for (int i = 0; i < plane; i++) {
                    video[to + i] += share * part[line * plane + i];
                }
            }
        }
        return Tensor.of(video, 1, channels, axis.length(), first.dim(3), first.dim(4));
    }

    /**
     * Draws the noise (1, C, F, h, w) that a video starts from: that of the first window as a single window has it, and for the frames after it what the
     * frames one window earlier have, shuffled half a window at a time.
     *
     * @param seed of the order
     */
    public Tensor noise(GaussianNoise stream, long seed, int channels, int height, int width) {
        Tensor drawn = stream.next(1, channels, frames(), height, width);
        if (count() == 1) {
            return drawn;
        }
        int plane = height * width;
        float[] video = new float[channels * axis.length() * plane];
        List<Integer> sources = sources(seed);
        for (int line = 0; line < channels * axis.length(); line++) {
            int channel = line / axis.length();
            int source = sources.get(line % axis.length());
            System.arraycopy(drawn.data(), (channel * frames() + source) * plane, video, line * plane, plane);
        }
        return Tensor.of(video, 1, channels, axis.length(), height, width);
    }

    /** Returns which frame of the first window each frame has its noise from. */
    private List<Integer> sources(long seed) {
        Random order = new Random(seed);
        List<Integer> sources = new ArrayList<>();
        for (int frame = 0; frame < frames(); frame++) {
            sources.add(frame);
        }
        int stride = Math.max(1, frames() / 2);
        while (sources.size() < axis.length()) {
            int from = sources.size() - frames();
            List<Integer> again = new ArrayList<>(sources.subList(from, from + stride));
            Collections.shuffle(again, order);
            sources.addAll(again);
        }
        return sources;
    }
}
