// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import java.util.Map;
import java.util.Set;
import java.util.Stack;
import picocli.CommandLine.IParameterPreprocessor;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;

/** Where a picture is shown while it is made. */
enum PreviewMode {
    /** As the terminal can; a file where it cannot, or where there is none. */
    AUTO,
    /** Kitty's graphics protocol. */
    KITTY,
    /** Sixel graphics. */
    SIXEL,
    /** Half blocks in 24-bit colours. */
    BLOCKS,
    /** A file beside the output. */
    FILE,
    /** Nowhere. */
    OFF;

    private static final Set<String> SIXEL_PROGRAMS = Set.of("WezTerm", "iTerm.app", "contour");

    /** What is used on a terminal with these environment variables in place of {@link #AUTO}; anything else stays. */
    PreviewMode on(Map<String, String> environment) {
        return this == AUTO ? detect(environment) : this;
    }

    /** What is used where there is no terminal. */
    PreviewMode withoutTerminal() {
        return this == OFF ? OFF : FILE;
    }

    boolean isDrawn() {
        return switch (this) {
            case KITTY, SIXEL, BLOCKS -> true;
            case AUTO, FILE, OFF -> false;
        };
    }

    /** A multiplexer shows neither of the two protocols, whatever the terminal around it can. */
    private static PreviewMode detect(Map<String, String> environment) {
        String term = environment.getOrDefault("TERM", "");
        String program = environment.getOrDefault("TERM_PROGRAM", "");
        boolean multiplexed = environment.containsKey("TMUX") || term.startsWith("screen") || term.startsWith("tmux");
        if (!multiplexed && isKitty(environment, term, program)) {
            return KITTY;
        }
        if (!multiplexed && isSixel(term, program)) {
            return SIXEL;
        }
        String colours = environment.getOrDefault("COLORTERM", "");
        return colours.equals("truecolor") || colours.equals("24bit") ? BLOCKS : FILE;
    }

    private static boolean isKitty(Map<String, String> environment, String term, String program) {
        return environment.containsKey("KITTY_WINDOW_ID")
                || term.equals("xterm-kitty")
                || term.equals("xterm-ghostty")
                || program.equals("ghostty");
    }

    private static boolean isSixel(String term, String program) {
        return SIXEL_PROGRAMS.contains(program)
                || term.contains("sixel")
                || term.startsWith("foot")
                || term.startsWith("mlterm");
    }

    /** Takes a mode only from {@code --preview=MODE}: what follows after a blank is not one. */
    static final class OnlyAttached implements IParameterPreprocessor {
        @Override
        public boolean preprocess(Stack<String> args, CommandSpec command, ArgSpec option, Map<String, Object> info) {
            if (" ".equals(info.get("separator"))) {
                args.push("auto");
            }
            return false;
        }
    }
}
