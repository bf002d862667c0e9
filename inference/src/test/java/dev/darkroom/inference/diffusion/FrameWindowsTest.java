// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.darkroom.inference.tensor.GaussianNoise;
import dev.darkroom.inference.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class FrameWindowsTest {
    @Test
    void of_noMoreFramesThanAWindow_isOneWindowAsItIs() {
        FrameWindows windows = FrameWindows.of(5, 8);
        Tensor video = GaussianNoise.seeded(1).next(1, 2, 5, 3, 3);

        assertThat(windows.count()).isEqualTo(1);
        assertThat(windows.cut(video, 0)).isSameAs(video);
        assertThat(windows.blend(List.of(video))).isSameAs(video);
        assertThat(windows.noise(GaussianNoise.seeded(7), 7, 2, 3, 3))
                .isEqualTo(GaussianNoise.seeded(7).next(1, 2, 5, 3, 3));
    }

    @Test
    void blend_windowsOfOneVideo_givesItBack() {
        Tensor video = GaussianNoise.seeded(1).next(1, 2, 21, 3, 2);
        FrameWindows windows = FrameWindows.of(21, 8);
        Tensor back = windows.blend(IntStream.range(0, windows.count())
                .mapToObj(window -> windows.cut(video, window))
                .toList());

        assertThat(windows.count()).isEqualTo(5);
        assertThat(back.shape()).isEqualTo(video.shape());
        for (int i = 0; i < video.size(); i++) {
            assertThat(back.data()[i]).isCloseTo(video.data()[i], within(1e-5f));
        }
    }

    @Test
    void blend_windowsThatDisagree_passesOverFromOneToTheNext() {
        FrameWindows windows = FrameWindows.of(12, 8);
        Tensor zeros = Tensor.zeros(1, 1, 8, 1, 1);
        float[] ones = new float[8];
        Arrays.fill(ones, 1);
        float[] blended =
                windows.blend(List.of(zeros, Tensor.of(ones, 1, 1, 8, 1, 1))).data();

        assertThat(blended).startsWith(0, 0, 0, 0).endsWith(1, 1, 1, 1);
        assertThat(blended).isSorted();
        for (int frame = 1; frame < blended.length; frame++) {
            assertThat(blended[frame] - blended[frame - 1]).isLessThan(0.3f);
        }
    }

    @Test
    void noise_longVideo_startsAsOneWindowAndReusesItsFrames() {
        FrameWindows windows = FrameWindows.of(20, 8);
        Tensor noise = windows.noise(GaussianNoise.seeded(7), 7, 1, 2, 2);
        Tensor first = GaussianNoise.seeded(7).next(1, 1, 8, 2, 2);

        assertThat(noise.shape()).containsExactly(1, 1, 20, 2, 2);
        assertThat(windows.cut(noise, 0)).isEqualTo(first);
        assertThat(frames(noise).subList(8, 16)).containsExactlyInAnyOrderElementsOf(frames(first));
        assertThat(noise).isEqualTo(windows.noise(GaussianNoise.seeded(7), 7, 1, 2, 2));
    }

    /** Of one channel, so that frames lie one after another. */
    private static List<Tensor> frames(Tensor video) {
        Tensor frames = video.reshape(video.dim(2), 1, video.dim(3), video.dim(4));
        return IntStream.range(0, frames.dim(0)).mapToObj(frames::row).toList();
    }
}
