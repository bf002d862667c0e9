// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import dev.darkroom.gateway.batch.ManifestItem;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How the files of a batch are called: a template such as {@code {id}} or {@code {kind}-{index}-{seed}}. */
record BatchName(String template) {
    private static final Pattern FORM = Pattern.compile("(?:[A-Za-z0-9._-]|\\{[a-z]+})+");
    private static final Pattern PLACEHOLDER = Pattern.compile("\\{([a-z]+)}");
    private static final Set<String> KNOWN = Set.of("id", "index", "line", "kind", "seed");

    BatchName {
        Matcher placeholder = PLACEHOLDER.matcher(template);
        boolean unique = false;
        boolean known = true;
        while (placeholder.find()) {
            known &= KNOWN.contains(placeholder.group(1));
            unique |= Set.of("id", "index").contains(placeholder.group(1));
        }
        if (!FORM.matcher(template).matches() || !known || !unique || template.startsWith(".")) {
            throw new IllegalArgumentException(
                    "--name must be made of letters, digits, dots, hyphens, underscores and of {id}, {index}, {line}, {kind} and {seed},"
                            + " and hold {id} or {index}, but was " + template);
        }
    }

    /**
     * Returns the name of one picture.
     *
     * @param number of the picture among those of the item, from 1; no id holds a plus sign, so no two names are the same
     */
    String of(ManifestItem item, long seed, int number, String extension) {
        String name = PLACEHOLDER.matcher(template).replaceAll(found -> switch (found.group(1)) {
            case "id" -> item.id();
            case "index" -> String.valueOf(item.index() + 1);
            case "line" -> String.valueOf(item.line());
            case "kind" -> item.kind().word();
            default -> String.valueOf(seed);
        });
        return name + (number == 1 ? "" : "+" + number) + extension;
    }
}
