// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

/**
 * Tiles of one length along an axis, evenly spread, with what share each has of every place that it covers: the whole where it is
 * alone, and in an overlap ramps that are linear from one tile's end to the other's. Shares of a place sum to 1. Immutable.
 */
final class TileAxis {
    private final int length;
    private final int tile;
    private final int overlap;
    private final int[] starts;
    private final float[][] shares; // of each tile, at each of its places
    private final float[][] before; // the sum of the earlier tiles' shares there

    private TileAxis(int length, int tile, int overlap, int[] starts) {
        this.length = length;
        this.tile = tile;
        this.overlap = overlap;
        this.starts = starts;
        this.shares = new float[starts.length][tile];
        this.before = new float[starts.length][tile];
        share();
    }

    /**
     * Covers an axis with as few tiles as have the overlap; one tile if it is no longer than that.
     *
     * @param overlap the least that neighbours share, 1 to {@code tile - 1}
     */
    static TileAxis of(int length, int tile, int overlap) {
        if (length <= tile) {
            return new TileAxis(length, length, overlap, new int[] {0});
        }
        int[] starts = new int[Math.ceilDiv(length - overlap, tile - overlap)];
        for (int i = 0; i < starts.length; i++) {
            starts[i] = i * (length - tile) / (starts.length - 1);
        }
        return new TileAxis(length, tile, overlap, starts);
    }

    private void share() {
        float[] sums = new float[length];
        for (int i = 0; i < starts.length; i++) {
            for (int place = 0; place < tile; place++) {
                shares[i][place] = ramp(i, place);
                sums[starts[i] + place] += shares[i][place];
            }
        }
        float[] seen = new float[length];
        for (int i = 0; i < starts.length; i++) {
            for (int place = 0; place < tile; place++) {
                shares[i][place] /= sums[starts[i] + place];
                before[i][place] = seen[starts[i] + place];
                seen[starts[i] + place] += shares[i][place];
            }
        }
    }

    /** Falls to nearly 0 at an end where a neighbour goes on; never to 0, so that every place has a tile. */
    private float ramp(int index, int place) {
        float start = index == 0 ? 1 : Math.min(1, (place + 0.5f) / overlap);
        float end = index == starts.length - 1 ? 1 : Math.min(1, (tile - place - 0.5f) / overlap);
        return Math.min(start, end);
    }

    /** Returns the same tiles where every place has become {@code factor} places. */
    TileAxis scaled(int factor) {
        int[] scaled = new int[starts.length];
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] = starts[i] * factor;
        }
        return new TileAxis(length * factor, tile * factor, overlap * factor, scaled);
    }

    int length() {
        return length;
    }

    /** Returns the length of a tile. */
    int tile() {
        return tile;
    }

    /** Returns the number of tiles. */
    int count() {
        return starts.length;
    }

    int start(int index) {
        return starts[index];
    }

    float share(int index, int place) {
        return shares[index][place];
    }

    /** Returns what the tiles before this one have of its place together. */
    float before(int index, int place) {
        return before[index][place];
    }
}
