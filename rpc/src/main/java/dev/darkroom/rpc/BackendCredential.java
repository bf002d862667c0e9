// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.grpc.Metadata;
import io.micronaut.context.annotation.ConfigurationProperties;
import io.micronaut.context.exceptions.ConfigurationException;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/** The token that the gateway shows and backends ask for. Immutable; its text is in no message and no log. */
@Singleton
public final class BackendCredential {

    static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    private final @Nullable String bearer;

    BackendCredential(Configuration configuration) {
        String token = configuration.token();
        this.bearer = token == null ? null : "Bearer " + token;
    }

    /** Whether a token is configured. */
    public boolean isPresent() {
        return bearer != null;
    }

    void attach(Metadata headers) {
        if (bearer != null) {
            headers.put(AUTHORIZATION, bearer);
        }
    }

    /** Compares in constant time; without a token everything is accepted. */
    boolean accepts(Metadata headers) {
        if (bearer == null) {
            return true;
        }
        String shown = headers.get(AUTHORIZATION);
        return shown != null && MessageDigest.isEqual(bearer.getBytes(UTF_8), shown.getBytes(UTF_8));
    }

    /**
     * Where the token comes from; at most one of both; blank is as good as absent.
     *
     * @param backendToken the token itself (DARKROOM_BACKEND_TOKEN)
     * @param backendTokenFile a file that holds nothing else (DARKROOM_BACKEND_TOKEN_FILE)
     */
    @ConfigurationProperties("darkroom")
    public record Configuration(
            @Nullable String backendToken, @Nullable Path backendTokenFile) {

        @Nullable
        String token() {
            boolean hasText = backendToken != null && !backendToken.isBlank();
            if (backendTokenFile == null || backendTokenFile.toString().isBlank()) {
                return hasText ? checked(backendToken) : null;
            }
            if (hasText) {
                throw new ConfigurationException("Set darkroom.backend-token or darkroom.backend-token-file, not both");
            }
            return checked(read(backendTokenFile));
        }

        private static String checked(@Nullable String token) {
            if (token == null || !token.matches("[\\x21-\\x7e]{16,512}")) {
                throw new ConfigurationException(
                        "The backend token must be 16 to 512 printable ASCII characters without spaces");
            }
            return token;
        }

        private static String read(Path file) {
            try {
                return Files.readString(file).strip();
            } catch (IOException e) {
                throw new ConfigurationException("Cannot read darkroom.backend-token-file " + file, e);
            }
        }

        @Override
        public String toString() {
            return "Configuration[]";
        }
    }
}
