// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

class PreviewModeTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    TERM=xterm-kitty KITTY_WINDOW_ID=1 COLORTERM=truecolor | KITTY
                    TERM=xterm-256color KITTY_WINDOW_ID=7                  | KITTY
                    TERM=xterm-ghostty TERM_PROGRAM=ghostty                | KITTY
                    TERM=tmux-256color KITTY_WINDOW_ID=1 COLORTERM=24bit   | BLOCKS
                    TERM=xterm-256color TMUX=/tmp/t TERM_PROGRAM=WezTerm   | FILE
                    TERM=foot COLORTERM=truecolor                          | SIXEL
                    TERM=xterm-256color TERM_PROGRAM=WezTerm               | SIXEL
                    TERM=xterm-256color TERM_PROGRAM=iTerm.app             | SIXEL
                    TERM=xterm-sixel                                       | SIXEL
                    TERM=xterm-256color COLORTERM=truecolor                | BLOCKS
                    TERM=xterm-256color                                    | FILE
                    TERM=dumb                                              | FILE
                    NONE=1                                                 | FILE
                    """)
    void on_terminal_isWhatItCanDraw(String variables, PreviewMode mode) {
        assertThat(PreviewMode.AUTO.on(environment(variables))).isEqualTo(mode);
    }

    @Test
    void on_modeThatWasNamed_stays() {
        assertThat(PreviewMode.SIXEL.on(environment("TERM=xterm-kitty"))).isEqualTo(PreviewMode.SIXEL);
        assertThat(PreviewMode.OFF.on(environment("TERM=xterm-kitty"))).isEqualTo(PreviewMode.OFF);
    }

    @ParameterizedTest
    @CsvSource({"AUTO,FILE", "KITTY,FILE", "SIXEL,FILE", "BLOCKS,FILE", "FILE,FILE", "OFF,OFF"})
    void withoutTerminal_nothingIsDrawn(PreviewMode asked, PreviewMode used) {
        assertThat(asked.withoutTerminal()).isEqualTo(used);
    }

    @ParameterizedTest
    @CsvSource({"'a fox', OFF", "'--preview a fox', AUTO", "'--preview=sixel a fox', SIXEL", "'a fox --preview', AUTO"})
    void option_withoutAValue_leavesThePromptAlone(String line, PreviewMode mode) {
        Asked asked = new Asked();
        String[] arguments = line.replace("a fox", "a_fox").split(" ", -1);

        new CommandLine(asked).setCaseInsensitiveEnumValuesAllowed(true).parseArgs(arguments);

        assertThat(asked.prompt).isEqualTo("a_fox");
        assertThat(asked.preview).isEqualTo(mode);
    }

    @Command
    private static final class Asked {
        @Parameters
        private String prompt = "";

        @Option(names = "--preview", arity = "0..1", preprocessor = PreviewMode.OnlyAttached.class)
        private PreviewMode preview = PreviewMode.OFF;
    }

    private static Map<String, String> environment(String variables) {
        Map<String, String> environment = new HashMap<>();
        for (String variable : variables.split(" ", -1)) {
            environment.put(
                    variable.substring(0, variable.indexOf('=')), variable.substring(variable.indexOf('=') + 1));
        }
        return environment;
    }
}
