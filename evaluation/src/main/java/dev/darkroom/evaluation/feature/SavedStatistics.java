// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.feature;

import dev.darkroom.evaluation.EvaluationException;
import dev.darkroom.evaluation.EvaluationException.Reason;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UTFDataFormatException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Statistics of a set that is compared with often, with what saw it: those of another network or another size do not compare.
 *
 * @param network its name
 * @param preprocessing how pictures were prepared for it
 */
public record SavedStatistics(String network, String preprocessing, FeatureStatistics statistics) {

    /** Writes one file. */
    public void write(Path file) throws IOException {
        try (DataOutputStream out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file)))) {
            out.writeUTF(network);
            out.writeUTF(preprocessing);
            statistics.write(out);
        }
    }

    /**
     * Reads a file that {@link #write} wrote.
     *
     * @throws EvaluationException if it is something else
     */
    public static SavedStatistics read(Path file) throws IOException {
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
            return new SavedStatistics(in.readUTF(), in.readUTF(), FeatureStatistics.read(in));
        } catch (EOFException | UTFDataFormatException e) {
            throw new EvaluationException(Reason.UNREADABLE, file + " holds no feature statistics");
        }
    }

    /**
     * Refuses to go on unless these statistics were seen by that network in that way.
     *
     * @throws EvaluationException naming both
     */
    public void requireNetwork(String otherNetwork, String otherPreprocessing) {
        if (!network.equals(otherNetwork) || !preprocessing.equals(otherPreprocessing)) {
            throw new EvaluationException(
                    Reason.DIMENSION_MISMATCH,
                    "the saved statistics are of %s (%s), the pictures are seen by %s (%s): use the same network"
                            .formatted(network, preprocessing, otherNetwork, otherPreprocessing));
        }
    }
}
