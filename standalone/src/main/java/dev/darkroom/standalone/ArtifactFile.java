// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import dev.darkroom.bytestream.ByteStreamGrpc;
import dev.darkroom.bytestream.ReadRequest;
import dev.darkroom.bytestream.ReadResponse;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Iterator;

/** A file of the gateway on its way to one here. */
final class ArtifactFile {
    private static final int MAX_RESUMES = 10;

    private ArtifactFile() {}

    /**
     * Fetches an artifact; a broken stream is taken up where it ended.
     *
     * @param sha256 that it must have
     * @param file that appears when all of it has come and has that digest
     * @throws IOException if it has another one
     */
    static void fetch(Channel channel, String artifact, String sha256, Path file) throws IOException {
        Path growing = file.resolveSibling(file.getFileName() + ".partial");
        Files.deleteIfExists(growing);
        for (int broken = 0; ; broken++) {
            try {
                append(channel, artifact, growing);
                break;
            } catch (StatusRuntimeException e) {
                if (e.getStatus().getCode() != Status.Code.UNAVAILABLE || broken == MAX_RESUMES) {
                    throw e;
                }
            }
        }
        if (!Picture.sha256(Files.readAllBytes(growing)).equals(sha256)) {
            Files.delete(growing);
            throw new IOException(artifact + " arrived damaged; fetch it again");
        }
        Files.move(growing, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static void append(Channel channel, String artifact, Path growing) throws IOException {
        long offset = Files.exists(growing) ? Files.size(growing) : 0;
        Iterator<ReadResponse> chunks = ByteStreamGrpc.newBlockingStub(channel)
                .read(ReadRequest.newBuilder()
                        .setResourceName(artifact)
                        .setReadOffset(offset)
                        .build());
        try (OutputStream out = Files.newOutputStream(growing, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            while (chunks.hasNext()) {
                chunks.next().getData().writeTo(out);
            }
        }
    }
}
