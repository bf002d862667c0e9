// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.darkroom.inference.ModelDirectoryException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The one weight of CLIP that graphs of single towers leave out: {@code logit_scale}, the logarithm of a factor. */
final class LogitScale {
    private static final String WEIGHTS = "model.safetensors";
    private static final float USUAL = 100;
    private static final int LONGEST_HEADER = 100 << 20;

    private LogitScale() {}

    /**
     * Returns the factor.
     *
     * @throws ModelDirectoryException if the weights cannot be read
     */
    static float of(ModelDirectory directory) {
        if (!directory.has(WEIGHTS)) {
            return USUAL;
        }
        Path file = directory.file("weights", WEIGHTS);
        try (FileChannel channel = FileChannel.open(file)) {
            int length =
                    (int) Math.min(LONGEST_HEADER, read(channel, 0, Long.BYTES).getLong());
            JsonNode header = new JsonMapper()
                    .readTree(StandardCharsets.UTF_8
                            .decode(read(channel, Long.BYTES, length))
                            .toString());
            JsonNode entry = header.path("logit_scale");
            return entry.isObject() ? scale(channel, Long.BYTES + length, entry) : USUAL;
        } catch (IOException e) {
            throw new ModelDirectoryException("weights", WEIGHTS, "a safetensors file", "no readable one");
        }
    }

    private static float scale(FileChannel channel, long start, JsonNode entry) throws IOException {
        ByteBuffer bytes =
                read(channel, start + entry.path("data_offsets").path(0).asLong(), Float.BYTES);
        double logarithm = switch (entry.path("dtype").asText()) {
            case "F32" -> bytes.getFloat();
            case "F16" -> Float.float16ToFloat(bytes.getShort());
            case "BF16" -> Float.intBitsToFloat(bytes.getShort() << 16);
            default -> Math.log(USUAL);
        };
        return (float) Math.exp(logarithm);
    }

    /** Reads as much as is there: the last tensor of a file may be shorter than four bytes. */
    private static ByteBuffer read(FileChannel channel, long position, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining() && channel.read(bytes, position + bytes.position()) > 0) {
            // goes on where it stopped
        }
        return bytes.position(0);
    }
}
