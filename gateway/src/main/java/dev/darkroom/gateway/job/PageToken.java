// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.job;

import dev.darkroom.rpc.Violations;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where a page of a list ends, and the next one begins.
 *
 * @param createdAt of its last job, in milliseconds
 * @param id of its last job
 */
record PageToken(long createdAt, String id) {
    private static final Pattern FORM = Pattern.compile("(\\d{1,15})/([0-9a-f-]{36})");

    static PageToken after(Job job) {
        return new PageToken(job.createdAt().toEpochMilli(), job.id());
    }

    /** Reads what {@link #text} gave; null where it is empty. */
    static @Nullable PageToken parse(String text, Violations violations) {
        if (text.isEmpty()) {
            return null;
        }
        Matcher token = FORM.matcher(decoded(text));
        if (!token.matches()) {
            violations.add("page_token", "the next_page_token of an earlier answer", text);
            return null;
        }
        return new PageToken(Long.parseLong(token.group(1)), token.group(2));
    }

    String text() {
        byte[] bytes = (createdAt + "/" + id).getBytes(StandardCharsets.US_ASCII);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    private static String decoded(String text) {
        try {
            return new String(Base64.getUrlDecoder().decode(text), StandardCharsets.US_ASCII);
        } catch (IllegalArgumentException _) {
            return "";
        }
    }
}
