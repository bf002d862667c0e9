// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Recorded numbers: NAME.json says what was computed, NAME.safetensors holds it. */
record Golden(JsonNode json, JsonNode header, ByteBuffer tensors) {
    private static final Path FOLDER = Path.of("src/test/resources/golden");

    static Golden of(String name) throws IOException {
        JsonMapper json = new JsonMapper();
        ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(FOLDER.resolve(name + ".safetensors")))
                .order(ByteOrder.LITTLE_ENDIAN);
        int length = Math.toIntExact(file.getLong());
        return new Golden(
                json.readTree(FOLDER.resolve(name + ".json").toFile()),
                json.readTree(
                        StandardCharsets.UTF_8.decode(file.slice(8, length)).toString()),
                file.slice(8 + length, file.limit() - 8 - length));
    }

    /** Returns a tensor of type U8 and shape (H, W, 3). */
    RgbImage image(String name) {
        ByteBuffer values = values(name, "U8");
        byte[] rgb = new byte[values.remaining()];
        values.get(rgb);
        JsonNode shape = header.get(name).get("shape");
        return RgbImage.of(shape.get(1).asInt(), shape.get(0).asInt(), rgb);
    }

    /** Returns a tensor of type F16. */
    Tensor tensor(String name) {
        ByteBuffer values = values(name, "F16");
        float[] floats = new float[values.remaining() / Short.BYTES];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = Float.float16ToFloat(values.getShort());
        }
        JsonNode shape = header.get(name).get("shape");
        int[] dims = new int[shape.size()];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = shape.get(i).asInt();
        }
        return Tensor.of(floats, dims);
    }

    private ByteBuffer values(String name, String type) {
        JsonNode entry = header.get(name);
        if (!entry.get("dtype").asText().equals(type)) {
            throw new IllegalArgumentException(name + " is " + entry.get("dtype"));
        }
        int start = entry.get("data_offsets").get(0).asInt();
        return tensors.slice(start, entry.get("data_offsets").get(1).asInt() - start)
                .order(ByteOrder.LITTLE_ENDIAN);
    }
}
