// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import static org.assertj.core.api.Assertions.assertThat;

import dev.darkroom.inference.tensor.GaussianNoise;
import dev.darkroom.inference.tensor.Tensor;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class TilingTest {
    @ParameterizedTest
    @CsvSource({"64, 1", "65, 2", "112, 2", "113, 3", "256, 5", "512, 11"})
    void of_length_takesAsFewTilesAsOverlapByAQuarter(int length, int count) {
        TileAxis axis = TileAxis.of(length, 64, 16);

        assertThat(axis.count()).isEqualTo(count);
        assertThat(axis.start(0)).isZero();
        assertThat(axis.start(count - 1) + axis.tile()).isEqualTo(length);
        for (int i = 1; i < count; i++) {
            assertThat(axis.start(i - 1) + axis.tile() - axis.start(i)).isGreaterThanOrEqualTo(16);
        }
    }

    @ParameterizedTest
    @CsvSource({"16, 16, 4", "17, 16, 4", "40, 16, 4", "24, 16, 15", "1, 8, 2", "100, 7, 3"})
    void shares_everyPlace_sumToOneAndNeverVanish(int length, int tile, int overlap) {
        TileAxis axis = TileAxis.of(length, tile, overlap);
        float[] sums = new float[length];
        for (int i = 0; i < axis.count(); i++) {
            for (int place = 0; place < axis.tile(); place++) {
                assertThat(axis.before(i, place)).isCloseTo(sums[axis.start(i) + place], Offset.offset(1e-6f));
                assertThat(axis.share(i, place)).isPositive();
                sums[axis.start(i) + place] += axis.share(i, place);
            }
        }
        assertThat(sums).usingComparatorWithPrecision(1e-6f).containsOnly(1f);
    }

    @Test
    void shares_ofTwoTiles_crossLinearly() {
        TileAxis axis = TileAxis.of(12, 8, 4);

        assertThat(axis.share(0, 3)).isEqualTo(1);
        assertThat(axis.share(0, 4)).isEqualTo(0.875f);
        assertThat(axis.share(1, 0)).isEqualTo(0.125f);
        assertThat(axis.share(1, 3)).isEqualTo(0.875f);
        assertThat(axis.share(1, 4)).isEqualTo(1);
    }

    @Test
    void blend_everyTileOfAPlane_givesThePlaneBack() {
        Tensor plane = GaussianNoise.seeded(1).next(1, 3, 21, 40);
        Tiling tiling = Tiling.of(21, 40, 16);
        float[] blended = new float[plane.size()];
        for (int row = 0; row < tiling.rows().count(); row++) {
            for (Tiling.Tile tile : tiling.row(row)) {
                Tensor part = tiling.cut(plane, tile);
                assertThat(part.shape()).containsExactly(1, 3, 16, 16);
                tiling.blend(part, tile, blended);
            }
        }
        assertThat(blended).usingComparatorWithPrecision(1e-5f).containsExactly(plane.data());
    }

    @Test
    void blend_onlyTile_isExact() {
        Tensor plane = GaussianNoise.seeded(2).next(1, 2, 9, 16);
        Tiling tiling = Tiling.of(9, 16, 16);
        float[] blended = new float[plane.size()];
        tiling.blend(tiling.cut(plane, new Tiling.Tile(0, 0)), new Tiling.Tile(0, 0), blended);

        assertThat(tiling.isSingle()).isTrue();
        assertThat(blended).containsExactly(plane.data());
    }
}
