// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.DegenerateImageException;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.ExecutionProvider;
import dev.darkroom.inference.onnx.SessionSettings;
import dev.darkroom.inference.onnx.StableDiffusionModel;
import dev.darkroom.inference.tensor.GaussianNoise;
import dev.darkroom.inference.tensor.Tensor;
import java.lang.ref.WeakReference;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;

final class TiledVaeDecoderTest {
    private static final int FACTOR = 4;
    private static final int TILE = 16;

    private final Cancellation cancellation = new Cancellation();

    @Test
    void decode_upToOneTile_isTheModelsOwnPictureBitForBit() {
        Path folder = Path.of("../models/pocket-unet");
        try (StableDiffusionModel model =
                StableDiffusionModel.load(folder, new SessionSettings(ExecutionProvider.CPU, 1))) {
            var traits = model.traits();
            int side = traits.latentSize();
            Tensor latents = GaussianNoise.seeded(1).next(1, traits.latentChannels(), side, side);
            Tensor whole = model.decode(latents, cancellation);
            RgbImage expected = RgbImage.fromDecoded(whole).getFirst();

            assertThat(TiledVaeDecoder.of(model, side).decode(latents, cancellation))
                    .isEqualTo(expected);
            assertThat(TiledVaeDecoder.of(model, 1).decode(latents, cancellation))
                    .isEqualTo(expected);
            assertThat(TiledVaeDecoder.of(model, 0).decode(latents, cancellation))
                    .isEqualTo(expected);
        }
    }

    @Test
    void decode_aboveOneTileWithALocalNetwork_isThePictureDecodedWhole() {
        Tensor latents = Tensor.scale(0.4f, GaussianNoise.seeded(3).next(1, 3, 37, 50));
        RgbImage whole =
                decoder(TiledVaeDecoderTest::enlarge, Integer.MAX_VALUE).decode(latents, cancellation);
        RgbImage tiled = decoder(TiledVaeDecoderTest::enlarge, TILE).decode(latents, cancellation);

        assertThat(tiled.width()).isEqualTo(50 * FACTOR);
        assertThat(tiled.height()).isEqualTo(37 * FACTOR);
        for (int i = 0; i < whole.rgb().length; i++) {
            assertThat(Math.abs((whole.rgb()[i] & 0xff) - (tiled.rgb()[i] & 0xff)))
                    .isLessThanOrEqualTo(1); // one rounding for each tile
        }
    }

    /** Tiles that disagree by a quarter of the range, more than those of a trained network do. */
    @Test
    void decode_tilesThatDisagree_showNoSeam() {
        Tensor latents = Tensor.scale(0.2f, GaussianNoise.seeded(5).next(1, 3, 63, 63));
        int[] calls = {0};
        TiledVaeDecoder.Network moody =
                (part, _) -> Tensor.plus(part, calls[0]++ % 2 == 0 ? 0.25f : -0.25f, ones(part));
        RgbImage blended = new TiledVaeDecoder(moody, 32, 1).decode(latents, cancellation);
        assertThat(Seams.ratio(blended, Tiling.of(63, 63, 32), 1)).isLessThanOrEqualTo(1.1);

        Tiling hard = Tiling.of(63, 63, 32, 1);
        TiledPicture cut = new TiledPicture(hard);
        for (int row = 0; row < hard.rows().count(); row++) {
            hard.row(row).forEach(tile -> cut.add(moody.decode(hard.cut(latents, tile), cancellation), tile));
        }
        assertThat(Seams.ratio(cut.image(), hard, 1))
                .as("the measure sees a seam where there is one")
                .isGreaterThan(1.25);
    }

    /** Whatever the size of the picture: no call sees more than a tile, and of all tiles' tensors no more than the current one's live. */
    @Test
    void decode_growingPictures_keepsTheTensorsOfOneTileAlive() {
        assertThat(peakOf(64)).isEqualTo(peakOf(256)).isLessThanOrEqualTo(2 * tileFloats());
    }

    private long peakOf(int side) {
        List<WeakReference<Tensor>> seen = new ArrayList<>();
        long[] peak = {0};
        TiledVaeDecoder.Network counting = (part, _) -> {
            Tensor decoded = enlarge(part, cancellation);
            seen.add(new WeakReference<>(part));
            seen.add(new WeakReference<>(decoded));
            System.gc(); // clears the references to tensors that nothing holds
            seen.removeIf(reference -> reference.refersTo(null));
            long live = 0;
            for (WeakReference<Tensor> reference : seen) {
                Tensor tensor = reference.get();
                live += tensor == null ? 0 : tensor.size();
            }
            peak[0] = Math.max(peak[0], live);
            return decoded;
        };
        decoder(counting, 32).decode(waves(side, side), cancellation);
        return peak[0];
    }

    /** Latents and pixels of a tile of {@link #peakOf}. */
    private static long tileFloats() {
        return 3L * 32 * 32 * (1 + FACTOR * FACTOR);
    }

    @Test
    void decode_valueThatIsNoNumber_isDegenerateInAnyTile() {
        int[] calls = {0};
        TiledVaeDecoder.Network broken = (part, _) ->
                calls[0]++ == 3 ? Tensor.scale(Float.NaN, enlarge(part, cancellation)) : enlarge(part, cancellation);
        assertThatExceptionOfType(DegenerateImageException.class)
                .isThrownBy(() -> decoder(broken, TILE).decode(waves(40, 40), cancellation));
    }

    @Test
    void decode_cancelledInATile_stopsThere() {
        int[] calls = {0};
        TiledVaeDecoder.Network network = (part, token) -> {
            token.check();
            if (++calls[0] == 2) {
                token.cancel();
            }
            return enlarge(part, token);
        };
        assertThatExceptionOfType(CancellationException.class)
                .isThrownBy(() -> decoder(network, TILE).decode(waves(64, 64), cancellation));
        assertThat(calls[0]).isEqualTo(2);
    }

    private static TiledVaeDecoder decoder(TiledVaeDecoder.Network network, int tile) {
        return new TiledVaeDecoder(network, tile, FACTOR);
    }

    private static Tensor waves(int height, int width) {
        float[] values = new float[3 * height * width];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (Math.sin(i % width * 0.7) * Math.cos(i / width % height * 0.9)) * 0.3f;
        }
        return Tensor.of(values, 1, 3, height, width);
    }

    /** Repeats every cell FACTOR x FACTOR times: the simplest decoder that sees nothing but the place itself. */
    private static Tensor enlarge(Tensor latents, Cancellation ignored) {
        int height = latents.dim(2) * FACTOR;
        int width = latents.dim(3) * FACTOR;
        float[] pixels = new float[3 * height * width];
        for (int i = 0; i < pixels.length; i++) {
            int line = i / width / height * latents.dim(2) + i / width % height / FACTOR;
            pixels[i] = latents.data()[line * latents.dim(3) + i % width / FACTOR];
        }
        return Tensor.of(pixels, 1, 3, height, width);
    }

    private static Tensor ones(Tensor like) {
        float[] values = new float[like.size()];
        Arrays.fill(values, 1);
        return Tensor.of(values, like.shape());
    }
}
