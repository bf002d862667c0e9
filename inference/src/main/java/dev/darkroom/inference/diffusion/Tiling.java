// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import dev.darkroom.inference.tensor.Tensor;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A plane covered with overlapping tiles of one size. Immutable.
 *
 * @param rows from the top
 * @param columns from the left
 */
record Tiling(TileAxis rows, TileAxis columns) {
    /** A tile by its place among the others. */
    record Tile(int row, int column) {}

    /** Covers a plane with tiles whose neighbours share at least a quarter; smaller tiles where the plane is smaller. */
    static Tiling of(int height, int width, int tile) {
        return of(height, width, tile, tile / 4);
    }

    static Tiling of(int height, int width, int tile, int overlap) {
        return new Tiling(TileAxis.of(height, tile, overlap), TileAxis.of(width, tile, overlap));
    }

    /** Returns the same tiles of a plane where every cell has become {@code factor} x {@code factor}. */
    Tiling scaled(int factor) {
        return new Tiling(rows.scaled(factor), columns.scaled(factor));
    }

    boolean isSingle() {
        return rows.count() == 1 && columns.count() == 1;
    }

    List<Tile> row(int row) {
        return IntStream.range(0, columns.count())
                .mapToObj(column -> new Tile(row, column))
                .toList();
    }

    /** Returns a tile (1, C, th, tw) of a plane (1, C, H, W). */
    Tensor cut(Tensor plane, Tile tile) {
        int channels = plane.dim(1);
        float[] part = new float[channels * rows.tile() * columns.tile()];
        for (int line = 0; line < channels * rows.tile(); line++) {
            System.arraycopy(plane.data(), offset(tile, line), part, line * columns.tile(), columns.tile());
        }
        return Tensor.of(part, 1, channels, rows.tile(), columns.tile());
    }

    /**
     * Adds a tile's share to a plane.
     *
     * @param part (1, C, th, tw)
     * @param plane (1, C, H, W), row-major; all tiles together leave their blend in it if it was zero
     */
    void blend(Tensor part, Tile tile, float[] plane) {
        for (int line = 0; line < part.dim(1) * rows.tile(); line++) {
            float vertical = rows.share(tile.row(), line % rows.tile());
            int to = offset(tile, line);
            for (int x = 0; x < columns.tile(); x++) {
                float share = vertical * columns.share(tile.column(), x);
                plane[to + x] += share * part.data()[line * columns.tile() + x];
            }
        }
    }

    /** Returns where a tile's line, counted through all its channels, starts in the plane. */
    private int offset(Tile tile, int line) {
        int channel = line / rows.tile();
        int y = rows.start(tile.row()) + line % rows.tile();
        return (channel * rows.length() + y) * columns.length() + columns.start(tile.column());
    }
}
