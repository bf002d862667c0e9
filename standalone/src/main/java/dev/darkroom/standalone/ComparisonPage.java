// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import dev.darkroom.media.v1.StageTime;
import java.io.IOException;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One prompt drawn in several ways, as a page with its pictures inside.
 *
 * @param guidance scales, one for each column
 */
record ComparisonPage(String prompt, long seed, List<Float> guidance, List<Row> rows) {

    /** Pictures of one model and sampler, in the order of the columns. */
    record Row(String model, String scheduler, List<Cell> cells) {
        /** Says in one line for a terminal what the row took. */
        String line() {
            return String.format(
                    Locale.ROOT,
                    "%-24s %-14s %s",
                    model,
                    scheduler,
                    cells.stream().map(Cell::words).collect(Collectors.joining("  ")));
        }
    }

    /**
     * One picture, or why there is none.
     *
     * @param png in Base64; null if there is none
     * @param words how long it took, or the reason
     */
    record Cell(@Nullable String png, String words) {
        static Cell of(DeliveredImages delivered) throws IOException {
            Picture picture = delivered.pictures().getFirst();
            if (picture.isBlocked()) {
                return without("held back: " + String.join(", ", picture.categories()));
            }
            long millis = delivered.completed().getStageTimesList().stream()
                    .mapToLong(StageTime::getMillis)
                    .sum();
            return new Cell(
                    Base64.getEncoder().encodeToString(picture.bytes()),
                    String.format(Locale.ROOT, "%.2f s", millis / 1e3));
        }

        static Cell without(String reason) {
            return new Cell(null, reason);
        }

        private String html() {
            String picture = png == null
                    ? "<div class=\"none\"></div>"
                    : "<img src=\"data:image/png;base64,%s\" alt=\"\">".formatted(png);
            return "<td>%s<br>%s</td>".formatted(picture, escaped(words));
        }
    }

    String html() {
        String head = guidance.stream().map("<th>guidance %s</th>"::formatted).collect(Collectors.joining());
        String body = rows.stream()
                .map(row -> "<tr><th>%s<br>%s</th>%s</tr>"
                        .formatted(
                                escaped(row.model),
                                escaped(row.scheduler),
                                row.cells.stream().map(Cell::html).collect(Collectors.joining())))
                .collect(Collectors.joining("\n"));
        return """
                <!doctype html>
                <meta charset="utf-8">
                <title>%1$s</title>
                <style>
                body { font: 14px system-ui, sans-serif; margin: 2em; }
                th, td { padding: 6px; text-align: center; font-weight: normal; color: #444; max-width: 160px; }
                img, .none { width: 128px; height: 128px; image-rendering: pixelated; border-radius: 4px; background: #d0d0d0; }
                .none { display: inline-block; }
                </style>
                <h1>%1$s</h1>
                <p>Seed %2$d. Under each picture, the seconds that it took.</p>
                <table>
                <tr><th></th>%3$s</tr>
                %4$s
                </table>
                """.formatted(escaped(prompt), seed, head, body);
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
