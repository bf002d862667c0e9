// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import dev.darkroom.media.v1.StepCompleted;
import dev.darkroom.text2video.v1.StageProgress;
import java.io.Console;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** A progress bar on one terminal line; on anything but a terminal it prints nothing. Not thread-safe. */
final class Progress {

    private static final int WIDTH = 28;
    private static final long REFRESH_NANOS = 100_000_000;

    private final PrintStream out;
    private final boolean shown;
    private final Map<String, StageProgress> cascade = new LinkedHashMap<>(); // in the order of the stages
    private String stage = "";
    private long started;
    private long counted;

    private Progress(PrintStream out, boolean shown) {
        this.out = out;
        this.shown = shown;
    }

    static Progress onTerminal(boolean quiet) {
        return new Progress(System.err, !quiet && isTerminal());
    }

    static Progress to(PrintStream out) {
        return new Progress(out, true);
    }

    @SuppressWarnings(
            "SystemConsoleNull") // it is, without a terminal, unless the jdk.console property picks another one
    private static boolean isTerminal() {
        Console console = System.console();
        return console != null && console.isTerminal();
    }

    /** Whether there is a terminal that shows it. */
    boolean isShown() {
        return shown;
    }

    void stage(String name) {
        stage = StageWords.of(name);
        line("  " + stage + " ...");
    }

    void step(StepCompleted event) {
        line("  %s  %s  %.1f s left"
                .formatted(stage, bar(event.getStep(), event.getNumInferenceSteps()), event.getEtaMillis() / 1e3));
    }

    /** Shows the first stage of a cascade that is not done: those after it wait for it. */
    void cascade(StageProgress event) {
        cascade.put(event.getStage(), event);
        StageProgress shownStage = cascade.values().stream()
                .filter(each -> each.getDone() < each.getOf())
                .findFirst()
                .orElse(event);
        line("  %s  %s  %.1f s left"
                .formatted(
                        StageWords.of(shownStage.getStage()),
                        bar(shownStage.getDone(), shownStage.getOf()),
                        event.getEtaMillis() / 1e3));
    }

    /** Shows which of many files is worked on. */
    void files(int done, int all, Path current) {
        line("  %s  %s".formatted(bar(done, all), current));
    }

    private static String bar(int done, int all) {
        int filled = WIDTH * done / all;
        return "█".repeat(filled) + "░".repeat(WIDTH - filled) + "  " + done + "/" + all;
    }

    /** Shows how many of several like things are done. */
    void count(String what, int done, int of) {
        long now = System.nanoTime();
        if (done == 1) {
            started = now;
        }
        if (shown && (done == of || now - counted > REFRESH_NANOS)) {
            counted = now;
            int filled = (int) ((long) WIDTH * done / of);
            double left = (now - started) / 1e9 / done * (of - done);
            line("  %s  %s%s  %d/%d  %.0f s left"
                    .formatted(what, "█".repeat(filled), "░".repeat(WIDTH - filled), done, of, left));
        }
    }

    void clear() {
        line("");
    }

    private void line(String text) {
        if (shown) {
            out.print("\r\u001b[K" + text);
            out.flush();
        }
    }
}
