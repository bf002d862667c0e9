// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.DegenerateImageException;
import dev.darkroom.inference.diffusion.Tiling.Tile;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.LatentDiffusionModel;
import dev.darkroom.inference.tensor.Tensor;
import java.util.function.UnaryOperator;

/**
 * Decodes latents to a picture, above a size in overlapping tiles that are blended linearly, so that memory is bounded by one tile and
 * the picture. Latents of at most that size are decoded whole, as diffusers does. Thread-safe.
 */
public final class TiledVaeDecoder {
    private final Network network;
    private final int tile;
    private final int vaeScaleFactor;

    TiledVaeDecoder(Network network, int tile, int vaeScaleFactor) {
        this.network = network;
        this.tile = tile;
        this.vaeScaleFactor = vaeScaleFactor;
    }

    /**
     * Decodes a model's latents.
     *
     * @param tile height and width of a tile, in latents; a model's own size is always decoded whole. 0 decodes everything whole
     */
    public static TiledVaeDecoder of(LatentDiffusionModel model, int tile) {
        var traits = model.traits();
        return new TiledVaeDecoder(
                model::decode,
                tile == 0 ? Integer.MAX_VALUE : Math.max(tile, traits.latentSize()),
                traits.vaeScaleFactor());
    }

    /** The seam to the VAE's decoder. */
    @FunctionalInterface
    interface Network {
        /** Returns (1, 3, f h, f w) of latents (1, C, h, w) as the denoising network has them. */
        Tensor decode(Tensor latents, Cancellation cancellation);
    }

    /** As {@link #decode(Tensor, Cancellation)}, each tile when its turn has come among the calls of all requests. */
    public RgbImage decode(Tensor latents, Work work) {
        return decode(latents, part -> work.run(cancellation -> network.decode(part, cancellation)));
    }

    /**
     * Returns the picture of latents (1, C, h, w).
     *
     * @throws DegenerateImageException if it has values that are not finite
     * @throws java.util.concurrent.CancellationException within one tile after {@code cancellation} is cancelled
     */
    RgbImage decode(Tensor latents, Cancellation cancellation) {
        return decode(latents, part -> network.decode(part, cancellation));
    }

    private RgbImage decode(Tensor latents, UnaryOperator<Tensor> call) {
        Tiling tiling = Tiling.of(latents.dim(2), latents.dim(3), tile);
        if (tiling.isSingle()) {
            return RgbImage.fromDecoded(finite(call.apply(latents))).getFirst();
        }
        TiledPicture picture = new TiledPicture(tiling.scaled(vaeScaleFactor));
        for (int row = 0; row < tiling.rows().count(); row++) {
            for (Tile part : tiling.row(row)) {
                picture.add(finite(call.apply(tiling.cut(latents, part))), part);
            }
        }
        return picture.image();
    }

    private static Tensor finite(Tensor decoded) {
        if (!decoded.isFinite()) {
            throw DegenerateImageException.notFinite();
        }
        return decoded;
    }
}
