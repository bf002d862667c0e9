// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import io.micronaut.context.exceptions.ConfigurationException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A key that callers may show: {@code darkroom.gateway.api-keys.NAME}. The key itself is kept nowhere.
 *
 * @param name of the key, which is logged; without dots
 * @param sha256 of the key, 64 hexadecimal digits; or null
 * @param file that holds the key and nothing else; or null. One of both is set
 * @param safetyPolicy that applies to all that is asked with the key, beside the server's own; empty for none
 */
record ApiKey(
        String name, @Nullable String sha256, @Nullable Path file, String safetyPolicy) {

    static final String PREFIX = "darkroom.gateway.api-keys";

    private static final Pattern PROPERTY = Pattern.compile("([^.]+)\\.(?:sha256|file|safety-policy)");

    /** Fewer characters can be guessed. */
    private static final int MIN_LENGTH = 16;

    /**
     * Reads all keys. Micronaut's own binding of named properties sees no environment variables.
     *
     * @param properties below {@link #PREFIX}, flat. Of one environment variable there are several, with dots and hyphens in turn; those
     *     with the hyphens elsewhere than here are passed over
     * @throws ConfigurationException if there are properties and no key: a gateway that was meant to be closed does not open
     */
    static List<ApiKey> all(Map<String, Object> properties) {
        List<ApiKey> keys = properties.keySet().stream()
                .map(PROPERTY::matcher)
                .filter(Matcher::matches)
                .map(property -> property.group(1))
                .distinct()
                .sorted()
                .map(name -> named(name, properties))
                .toList();
        if (keys.isEmpty() && !properties.isEmpty()) {
            throw new ConfigurationException(PREFIX + " is set but holds no NAME.sha256 and no NAME.file");
        }
        return keys;
    }

    private static ApiKey named(String name, Map<String, Object> properties) {
        Object sha256 = properties.get(name + ".sha256");
        Object file = properties.get(name + ".file");
        Object policy = properties.getOrDefault(name + ".safety-policy", "");
        return new ApiKey(
                name,
                sha256 == null ? null : sha256.toString(),
                file == null ? null : Path.of(file.toString()),
                policy.toString());
    }

    /**
     * Returns the SHA-256 of the key, 64 lower-case hexadecimal digits.
     *
     * @throws ConfigurationException naming what is wrong, never the key
     */
    String digest() {
        if ((sha256 == null) == (file == null)) {
            throw new ConfigurationException("Set one of " + key("sha256") + " and " + key("file"));
        }
        if (file != null) {
            return sha256Of(read(file));
        }
        if (sha256 == null || !sha256.matches("[0-9a-fA-F]{64}")) {
            throw new ConfigurationException(key("sha256") + " must be 64 hexadecimal digits");
        }
        return sha256.toLowerCase(Locale.ROOT);
    }

    static String sha256Of(String key) {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            return HexFormat.of().formatHex(sha256.digest(key.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java platform has SHA-256
        }
    }

    private String read(Path path) {
        try {
            String text = Files.readString(path).strip();
            if (text.length() < MIN_LENGTH) {
                throw new ConfigurationException(
                        key("file") + " " + path + " must hold at least " + MIN_LENGTH + " characters");
            }
            return text;
        } catch (IOException e) {
            throw new ConfigurationException("Cannot read " + key("file") + " " + path, e);
        }
    }

    private String key(String property) {
        return PREFIX + "." + name + "." + property;
    }

    @Override
    public String toString() {
        return "ApiKey[" + name + "]";
    }
}
