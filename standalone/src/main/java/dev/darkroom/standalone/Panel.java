// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import java.awt.image.BufferedImage;
import java.io.PrintStream;

/**
 * A place of some rows above the last line of a terminal, in which one picture after another is shown. It scrolls the terminal once, at
 * the first one; the last line is the progress bar's and is erased each time. Not thread-safe.
 */
final class Panel {
    private static final int ROWS = 16;

    private final PrintStream out;
    private final TerminalGraphics graphics;
    private boolean open;

    Panel(PrintStream out, TerminalGraphics graphics) {
        this.out = out;
        this.graphics = graphics;
    }

    void show(BufferedImage picture) {
        StringBuilder text = new StringBuilder("\r\u001b[K");
        if (!open) {
            text.repeat("\n", ROWS);
            open = true;
        }
        text.append("\u001b[").append(ROWS).append('A'); // to the first row
        text.append("\u001b7"); // keeps where that is, as drawing may end anywhere
        text.append(graphics.draw(picture, TerminalGraphics.Cells.fit(picture, ROWS)));
        text.append("\u001b8\u001b[").append(ROWS).append('B'); // back, and down to the last line
        out.print(text);
        out.flush();
    }
}
