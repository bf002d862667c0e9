// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import dev.darkroom.inference.diffusion.Tiling.Tile;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.tensor.Tensor;

/**
 * A picture in the making, put together from decoded tiles as bytes: each new tile moves what is there towards itself by its share of
 * all shares so far, which after the last tile is the blend. Rounding between tiles costs at most one level. Not thread-safe.
 */
final class TiledPicture {
    private final Tiling tiling; // in pixels
    private final byte[] rgb;

    TiledPicture(Tiling tiling) {
        this.tiling = tiling;
        this.rgb = new byte[tiling.rows().length() * tiling.columns().length() * 3];
    }

    /**
     * Adds a tile (1, 3, th, tw) in [-1, 1].
     *
     * @param tile row by row, from the left
     */
    void add(Tensor decoded, Tile tile) {
        int height = tiling.rows().tile();
        int width = tiling.columns().tile();
        for (int y = 0; y < height; y++) {
            int line = (tiling.rows().start(tile.row()) + y) * tiling.columns().length();
            for (int x = 0; x < width; x++) {
                int pixel = line + tiling.columns().start(tile.column()) + x;
                float weight = weight(tile, y, x);
                for (int channel = 0; channel < 3; channel++) {
                    float level = RgbImage.level(decoded.data()[(channel * height + y) * width + x]);
                    move(pixel * 3 + channel, level, weight);
                }
            }
        }
    }

    private float weight(Tile tile, int y, int x) {
        float vertical = tiling.rows().share(tile.row(), y);
        float own = vertical * tiling.columns().share(tile.column(), x);
        float before = tiling.rows().before(tile.row(), y)
                + vertical * tiling.columns().before(tile.column(), x);
        return own / (before + own);
    }

    private void move(int at, float level, float weight) {
        int present = rgb[at] & 0xff;
        rgb[at] = (byte) Math.rint(present + weight * (level - present));
    }

    RgbImage image() {
        return RgbImage.of(tiling.columns().length(), tiling.rows().length(), rgb);
    }
}
