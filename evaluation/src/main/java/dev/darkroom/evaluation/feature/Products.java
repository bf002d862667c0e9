// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.feature;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;

/**
 * Inner products of every feature of one set with every one of another, some rows at a time: 256 rows of products are held for each
 * processor, never all. A row is computed by one thread in one order, so the number of threads does not show in it.
 */
final class Products {
    private static final int TILE = 256;

    private Products() {}

    /** What becomes of the products of {@code x}'s feature {@code row} with each of {@code y}; rows come in any order and at once. */
    @FunctionalInterface
    interface Row {
        void accept(int row, double[] products);
    }

    static void forEachRow(Features x, Features y, Row consumer) {
        Features.requireWidth(x.width(), y.width());
        DMatrixRMaj columns = CommonOps_DDRM.transpose(y.matrix(), null);
        int tiles = Math.ceilDiv(x.count(), TILE);
        IntStream.range(0, tiles).parallel().forEach(tile -> tile(x, columns, tile * TILE, consumer));
    }

    private static void tile(Features x, DMatrixRMaj columns, int from, Row consumer) {
        int to = Math.min(from + TILE, x.count());
        DMatrixRMaj rows = CommonOps_DDRM.extract(x.matrix(), from, to, 0, x.width());
        DMatrixRMaj products = new DMatrixRMaj(to - from, columns.numCols);
        CommonOps_DDRM.mult(rows, columns, products);
        for (int i = 0; i < to - from; i++) {
            consumer.accept(
                    from + i, Arrays.copyOfRange(products.data, i * columns.numCols, (i + 1) * columns.numCols));
        }
    }
}
