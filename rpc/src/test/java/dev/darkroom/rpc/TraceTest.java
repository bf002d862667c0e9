// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The header values are those of W3C Trace Context level 1, section 3.2. */
final class TraceTest {

    private static final String ID = "4bf92f3577b34da6a3ce929d0e0e4736";

    @Test
    void parse_validHeader_keepsItsIds() {
        Trace trace = Trace.parse("00-" + ID + "-00f067aa0ba902b7-01");
        assertThat(trace).isEqualTo(new Trace(ID, "00f067aa0ba902b7", "01"));
        assertThat(trace.child().traceId()).isEqualTo(ID);
        assertThat(trace.child().parentId()).isNotEqualTo("00f067aa0ba902b7");
    }

    @Test
    void parse_laterVersionWithMore_keepsItsIds() {
        assertThat(Trace.parse("cc-" + ID + "-00f067aa0ba902b7-01-what").traceId())
                .isEqualTo(ID);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "garbage",
                "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"
            })
    void parse_invalidHeader_beginsAnother(String header) {
        Trace trace = Trace.parse(header);
        assertThat(trace.traceId())
                .matches("[0-9a-f]{32}")
                .isNotEqualToIgnoringCase(ID)
                .isNotEqualTo("0".repeat(32));
        assertThat(Trace.parse(trace.traceparent())).isEqualTo(trace);
    }
}
