// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.feature;

import dev.darkroom.evaluation.EvaluationException;
import dev.darkroom.evaluation.EvaluationException.Reason;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;
import org.ejml.dense.row.mult.VectorVectorMult_DDRM;

/**
 * Mean and covariance of features that come one at a time. Of D numbers each, it keeps D * D + 128 * D, however many come.
 *
 * <p>Blocks of 128 are centred on their own mean and joined by the update of Chan, Golub and LeVeque (1983), so that an offset far from
 * zero costs no digits. The blocks do not depend on how many features a caller adds at once. Not thread-safe: one for each shard, then
 * {@link #merge}.
 */
public final class FeatureStatistics {
    private static final int BLOCK = 128;
    private static final int MAGIC = 0x444b4653; // "DKFS"
    private static final int VERSION = 1;
    private static final int MAX_WIDTH = 16_384; // 2 GiB of doubles

    private final DMatrixRMaj block;
    private int pending;
    private long joined;
    private final double[] mean;
    private final DMatrixRMaj scatter; // sum of (x - mean) (x - mean)^T over what is joined

    /**
     * Starts empty.
     *
     * @param width length of every feature, 1 to 16,384
     */
    public FeatureStatistics(int width) {
        if (width < 1 || width > MAX_WIDTH) {
            throw new EvaluationException(
                    Reason.INVALID_SETTING, "features of length 1 to " + MAX_WIDTH + ", not " + width);
        }
        this.block = new DMatrixRMaj(BLOCK, width);
        this.mean = new double[width];
        this.scatter = new DMatrixRMaj(width, width);
    }

    /** Returns how many features came. */
    public long count() {
        return joined + pending;
    }

    public int width() {
        return mean.length;
    }

    /**
     * Takes one feature in; the caller keeps the array.
     *
     * @throws EvaluationException if its length is another, or a value is not finite; nothing is taken in then
     */
    public void add(double... feature) {
        Features.requireWidth(width(), feature.length);
        Features.requireFinite(feature, count());
        System.arraycopy(feature, 0, block.data, pending * width(), width());
        pending++;
        if (pending == BLOCK) {
            joinBlock();
        }
    }

    /** Takes in what another one gathered, which stays as it is but for the block in progress. */
    public void merge(FeatureStatistics other) {
        Features.requireWidth(width(), other.width());
        joinBlock();
        other.joinBlock();
        join(other.joined, other.mean, other.scatter);
    }

    private void joinBlock() {
        if (pending == 0) {
            return;
        }
        DMatrixRMaj rows = CommonOps_DDRM.extract(block, 0, pending, 0, width());
        double[] center = center(rows);
        DMatrixRMaj spread = new DMatrixRMaj(width(), width());
        CommonOps_DDRM.multInner(rows, spread);
        join(pending, center, spread);
        pending = 0;
    }

    /** Subtracts from the rows their mean, and returns it. */
    private static double[] center(DMatrixRMaj rows) {
        double[] center = new double[rows.numCols];
        for (int i = 0; i < rows.data.length; i++) {
            center[i % center.length] += rows.data[i];
        }
        for (int j = 0; j < center.length; j++) {
            center[j] /= rows.numRows;
        }
        for (int i = 0; i < rows.data.length; i++) {
            rows.data[i] -= center[i % center.length];
        }
        return center;
    }

    private void join(long count, double[] otherMean, DMatrixRMaj otherScatter) {
        if (count == 0) {
            return;
        }
        long total = joined + count;
        double[] shift = new double[mean.length];
        for (int j = 0; j < shift.length; j++) {
            shift[j] = otherMean[j] - mean[j];
        }
        double[] scaled = new double[mean.length];
        double scale = Math.sqrt((double) joined * count / total); // on both factors, which keeps the product symmetric
        for (int j = 0; j < shift.length; j++) {
            scaled[j] = scale * shift[j];
        }
        DMatrixRMaj column = DMatrixRMaj.wrap(scaled.length, 1, scaled);
        CommonOps_DDRM.addEquals(scatter, otherScatter);
        VectorVectorMult_DDRM.rank1Update(1, scatter, column, column);
        for (int j = 0; j < shift.length; j++) {
            mean[j] += shift[j] * count / total;
        }
        joined = total;
    }

    /**
     * Returns the mean and covariance.
     *
     * @throws EvaluationException unless there are at least 2 features
     */
    public Gaussian gaussian(Divisor divisor) {
        Features.requireCount(2, count(), "a covariance");
        joinBlock();
        DMatrixRMaj covariance = scatter.copy();
        CommonOps_DDRM.divide(covariance, (double) (divisor == Divisor.N ? joined : joined - 1));
        return new Gaussian(joined, mean.clone(), covariance);
    }

    /** Returns the statistics of features that are all there. */
    public static FeatureStatistics of(Features features) {
        FeatureStatistics statistics = new FeatureStatistics(features.width());
        double[] row = new double[features.width()];
        for (int i = 0; i < features.count(); i++) {
            System.arraycopy(features.matrix().data, i * row.length, row, 0, row.length);
            statistics.add(row);
        }
        return statistics;
    }

    /** Writes 16 bytes and the mean and half of the covariance as big-endian doubles: 17 MB for 2,048 numbers a feature. */
    public void write(DataOutput out) throws IOException {
        joinBlock();
        out.writeInt(MAGIC);
        out.writeShort(VERSION);
        out.writeShort(width());
        out.writeLong(joined);
        for (double value : mean) {
            out.writeDouble(value);
        }
        for (int i = 0; i < width(); i++) {
            for (int j = i; j < width(); j++) {
                out.writeDouble(scatter.get(i, j));
            }
        }
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws EvaluationException if it is something else
     * @throws IOException if it ends early
     */
    public static FeatureStatistics read(DataInput in) throws IOException {
        if (in.readInt() != MAGIC || in.readShort() != VERSION) {
            throw new EvaluationException(Reason.UNREADABLE, "these are no feature statistics of version " + VERSION);
        }
        FeatureStatistics statistics = new FeatureStatistics(in.readUnsignedShort());
        statistics.joined = in.readLong();
        for (int j = 0; j < statistics.mean.length; j++) {
            statistics.mean[j] = in.readDouble();
        }
        for (int i = 0; i < statistics.width(); i++) {
            for (int j = i; j < statistics.width(); j++) {
                double value = in.readDouble();
                statistics.scatter.set(i, j, value);
                statistics.scatter.set(j, i, value);
            }
        }
        statistics.requireReadable();
        return statistics;
    }

    private void requireReadable() {
        if (joined < 0 || !Double.isFinite(CommonOps_DDRM.elementSum(scatter)) || !Double.isFinite(sum(mean))) {
            throw new EvaluationException(Reason.UNREADABLE, "these feature statistics are damaged");
        }
    }

    private static double sum(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum;
    }

    /** Returns how many doubles are held, whatever came. */
    long heldDoubles() {
        return (long) block.data.length + mean.length + scatter.data.length;
    }
}
