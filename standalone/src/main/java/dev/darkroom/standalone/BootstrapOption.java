// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import dev.darkroom.evaluation.Bootstrap;
import dev.darkroom.evaluation.Interval;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How sure a value is. */
final class BootstrapOption {
    static final double LEVEL = 0.95;

    @Option(
            names = "--bootstrap",
            defaultValue = "200",
            paramLabel = "N",
            description = "Resamples behind each 95 %% interval; 0 for no intervals. Default: ${DEFAULT-VALUE}.")
    private int resamples;

    /** Returns an interval, or null where none is wanted. */
    @Nullable
    Interval interval(Function<Bootstrap, Interval> of) {
        return isWanted() ? of.apply(bootstrap()) : null;
    }

    boolean isWanted() {
        return resamples != 0;
    }

    Bootstrap bootstrap() {
        return new Bootstrap(resamples, LEVEL, 0);
    }
}
