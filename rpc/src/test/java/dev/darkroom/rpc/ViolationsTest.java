// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.junit.jupiter.api.Test;

final class ViolationsTest {

    private final Violations violations = new Violations();

    @Test
    void throwIfAny_severalBadFields_holdsAll() {
        assertThat(violations.range("parameters.num_inference_steps", 1_000_000, 1, 1000))
                .isFalse();
        assertThat(violations.range("parameters.guidance_scale", Float.NaN, 0, 50))
                .isFalse();
        assertThat(violations.range("parameters.eta", Double.POSITIVE_INFINITY, 0, 1))
                .isFalse();
        assertThat(violations.check(65 % 8 == 0, "parameters.width", "a multiple of 8", 65))
                .isFalse();

        Fault.InvalidArgument fault = catchThrowableOfType(Fault.InvalidArgument.class, violations::throwIfAny);

        assertThat(fault.violations())
                .containsExactly(
                        new Violation("parameters.num_inference_steps", "must be 1 to 1000, but was 1000000"),
                        new Violation("parameters.guidance_scale", "must be a finite number from 0 to 50, but was NaN"),
                        new Violation("parameters.eta", "must be a finite number from 0 to 1, but was Infinity"),
                        new Violation("parameters.width", "must be a multiple of 8, but was 65"));
        assertThat(fault.description())
                .isEqualTo("parameters.num_inference_steps must be 1 to 1000, but was 1000000 (and 3 more)");
    }

    @Test
    void throwIfAny_boundsThemselves_doesNothing() {
        violations.range("steps", 1, 1, 1000);
        violations.range("steps", 1000, 1, 1000);
        violations.range("scale", 0.0f, 0, 50);
        violations.text("prompt", "\uD83E\uDD8A", 1, 1);
        violations.throwIfAny();
        assertThat(violations.isEmpty()).isTrue();
    }

    @Test
    void text_tooLongWithNulAndLoneSurrogate_saysAllAndQuotesNothing() {
        assertThat(violations.text("prompt", "secret\0\uD800", 1, 3)).isFalse();

        Fault.InvalidArgument fault = catchThrowableOfType(Fault.InvalidArgument.class, violations::throwIfAny);
        assertThat(fault.violations())
                .containsExactly(
                        new Violation("prompt", "must be 1 to 3 Unicode code points long, but was 8"),
                        new Violation("prompt", "must not hold a NUL character"),
                        new Violation("prompt", "must not hold an unpaired surrogate"));
    }

    @Test
    void add_hostileValue_isEscapedAndCut() {
        violations.add("scheduler", "ddim, ddpm or euler", "a\nb\u001b[2J\u202e" + "x".repeat(100_000));

        Fault.InvalidArgument fault = catchThrowableOfType(Fault.InvalidArgument.class, violations::throwIfAny);
        assertThat(fault.violations().getFirst().description())
                .startsWith("must be ddim, ddpm or euler, but was a\\u000ab\\u001b[2J\\u202exxx")
                .endsWith("xxx...")
                .hasSizeLessThan(160);
    }
}
