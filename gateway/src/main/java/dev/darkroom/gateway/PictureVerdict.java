// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.rpc.Fault;
import dev.darkroom.safety.v1.Action;
import dev.darkroom.safety.v1.CheckOutputResponse;
import dev.darkroom.safety.v1.OutputFinding;
import dev.darkroom.safety.v1.OutputVerdict;
import dev.darkroom.safety.v1.UsedPolicy;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * What the check of a picture found.
 *
 * @param verdict never {@code UNSPECIFIED} or {@code UNRECOGNIZED}
 * @param categories what it was flagged or blocked for, each once, worst first
 * @param policies that were used, the server's first
 */
record PictureVerdict(OutputVerdict verdict, List<String> categories, List<UsedPolicy> policies) {
    private static final Comparator<OutputFinding> WORST_FIRST = Comparator.comparing(OutputFinding::getAction)
            .thenComparing(OutputFinding::getSeverity)
            .reversed();

    /**
     * Reads an answer of the safety service.
     *
     * @throws Fault.Internal if the answer names no verdict that is known here: it must not count as a pass
     */
    static PictureVerdict of(CheckOutputResponse response) {
        return switch (response.getVerdict()) {
            case OUTPUT_VERDICT_UNCHECKED, OUTPUT_VERDICT_ALLOWED, OUTPUT_VERDICT_FLAGGED, OUTPUT_VERDICT_BLOCKED ->
                new PictureVerdict(response.getVerdict(), categories(response), response.getPoliciesList());
            case OUTPUT_VERDICT_UNSPECIFIED, UNRECOGNIZED ->
                throw new Fault.Internal("SAFETY_VERDICT_UNKNOWN", "The safety service gave no verdict known here");
        };
    }

    boolean isBlocked() {
        return verdict == OutputVerdict.OUTPUT_VERDICT_BLOCKED;
    }

    boolean isFlagged() {
        return verdict == OutputVerdict.OUTPUT_VERDICT_FLAGGED;
    }

    /**
     * Adds what was found in the same picture after it was enlarged. The worse verdict counts; but of pixels that nobody looked at, none
     * of those before is known.
     */
    PictureVerdict and(PictureVerdict enlarged) {
        boolean worse = enlarged.verdict.compareTo(verdict) >= 0;
        boolean unchecked = enlarged.verdict == OutputVerdict.OUTPUT_VERDICT_UNCHECKED;
        Stream<String> worst = worse ? enlarged.categories.stream() : categories.stream();
        Stream<String> rest = worse ? categories.stream() : enlarged.categories.stream();
        return new PictureVerdict(
                worse || unchecked ? enlarged.verdict : verdict,
                Stream.concat(worst, rest).distinct().toList(),
                enlarged.policies);
    }

    private static List<String> categories(CheckOutputResponse response) {
        return response.getFindingsList().stream()
                .filter(finding ->
                        finding.getAction() == Action.ACTION_FLAG || finding.getAction() == Action.ACTION_BLOCK)
                .sorted(WORST_FIRST)
                .map(OutputFinding::getCategory)
                .distinct()
                .toList();
    }
}
