// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.darkroom.safety.v1.Action;
import dev.darkroom.safety.v1.CheckOutputResponse;
import dev.darkroom.safety.v1.OutputFinding;
import dev.darkroom.safety.v1.OutputVerdict;
import dev.darkroom.safety.v1.Severity;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class PictureVerdictTest {
    @Test
    void of_severalFindings_namesEachCategoryOnceWorstFirst() {
        CheckOutputResponse response = CheckOutputResponse.newBuilder()
                .setVerdict(OutputVerdict.OUTPUT_VERDICT_BLOCKED)
                .addFindings(finding("tobacco", Severity.SEVERITY_LOW, Action.ACTION_FLAG))
                .addFindings(finding("alcohol", Severity.SEVERITY_LOW, Action.ACTION_ALLOW))
                .addFindings(finding("gore", Severity.SEVERITY_MEDIUM, Action.ACTION_BLOCK))
                .addFindings(finding("weapons", Severity.SEVERITY_HIGH, Action.ACTION_BLOCK))
                .addFindings(finding("weapons", Severity.SEVERITY_LOW, Action.ACTION_FLAG))
                .build();

        assertThat(PictureVerdict.of(response).categories()).containsExactly("weapons", "gore", "tobacco");
    }

    @ParameterizedTest
    @CsvSource({
        "ALLOWED, ALLOWED, ALLOWED, first second",
        "FLAGGED, ALLOWED, FLAGGED, first second",
        "ALLOWED, FLAGGED, FLAGGED, second first",
        "FLAGGED, BLOCKED, BLOCKED, second first",
        "UNCHECKED, ALLOWED, ALLOWED, second first",
        "FLAGGED, UNCHECKED, UNCHECKED, first second"
    })
    void and_enlargedPicture_takesTheWorseVerdict(String first, String second, String combined, String categories) {
        PictureVerdict both = verdict(first, "first").and(verdict(second, "second"));

        assertThat(both.verdict()).isEqualTo(OutputVerdict.valueOf("OUTPUT_VERDICT_" + combined));
        if (!first.equals(second)) {
            assertThat(both.categories()).containsExactly(categories.split(" "));
        }
    }

    private static PictureVerdict verdict(String name, String category) {
        return new PictureVerdict(OutputVerdict.valueOf("OUTPUT_VERDICT_" + name), List.of(category), List.of());
    }

    private static OutputFinding finding(String category, Severity severity, Action action) {
        return OutputFinding.newBuilder()
                .setCategory(category)
                .setSeverity(severity)
                .setAction(action)
                .build();
    }
}
