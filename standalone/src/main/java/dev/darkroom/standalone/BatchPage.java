// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import dev.darkroom.gateway.batch.Manifest;
import dev.darkroom.gateway.batch.ManifestItem;
import dev.darkroom.gateway.v1.GenerateImagesRequest;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The results of a batch as a page that lies beside its pictures. */
record BatchPage(String title, Manifest manifest, List<BatchResult> results) {

    String html() {
        String cells = IntStream.range(0, results.size())
                .mapToObj(i -> cell(manifest.items().get(i), results.get(i)))
                .collect(Collectors.joining("\n"));
        return """
                <!doctype html>
                <html lang="en"><head><meta charset="utf-8"><title>%1$s</title>
                <style>
                body { font: 14px sans-serif; margin: 2em; color: #222 }
                main { display: grid; grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); gap: 1.5em }
                img { width: 100%%; image-rendering: auto; background: #eee }
                figure { margin: 0 } figcaption { margin-top: .4em } small { color: #666 } .failed { color: #a00 }
                </style></head><body><h1>%1$s</h1><main>
                %2$s
                </main></body></html>
                """.formatted(escaped(title), cells);
    }

    private static String cell(ManifestItem item, BatchResult result) {
        String pictures = result.files().stream()
                .map(file ->
                        "<a href=\"%1$s\"><img src=\"%1$s\" alt=\"\" loading=\"lazy\"></a>".formatted(escaped(file)))
                .collect(Collectors.joining());
        String captions = result.captions().stream().map(BatchPage::escaped).collect(Collectors.joining("<br>"));
        String error =
                result.error().isEmpty() ? "" : "<br><span class=\"failed\">" + escaped(result.error()) + "</span>";
        return "<figure>%s<figcaption>%s%s<br><small>%s %s</small>%s</figcaption></figure>"
                .formatted(
                        pictures,
                        escaped(words(item)),
                        captions.isEmpty() ? "" : "<br>" + captions,
                        escaped(item.id()),
                        result.seeds().isEmpty() ? "" : "seed " + result.seeds().getFirst(),
                        error);
    }

    private static String words(ManifestItem item) {
        return item.request() instanceof GenerateImagesRequest request
                ? request.getParameters().getPrompt()
                : item.kind().word() + " " + item.image();
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
