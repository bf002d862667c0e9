// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2video;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.darkroom.inference.onnx.ExecutionProvider;
import dev.darkroom.inference.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * A folder of {@code record_video.py} with what diffusers computed on it.
 *
 * @param folder unpacked, named as the family
 * @param json what was asked
 */
record RecordedClips(Path folder, JsonNode json, JsonNode header, ByteBuffer tensors) {
    static final TextToVideoConfiguration CONFIGURATION = new TextToVideoConfiguration(
            Path.of("."),
            List.of(),
            TextToVideoConfiguration.NONE,
            TextToVideoConfiguration.NONE,
            "",
            ExecutionProvider.CPU,
            1,
            4,
            0,
            false,
            256,
            240,
            64,
            1000,
            2000);

    private static final Path FAMILIES = Path.of("src/test/resources/families");

    static boolean has(String family) {
        return Files.isRegularFile(FAMILIES.resolve(family + ".zip"));
    }

    static RecordedClips unpack(String family, Path temporary) throws IOException {
        return read(family, extract(family, "folder/", temporary.resolve(family)));
    }

    /** Reads what was recorded on a folder that lies elsewhere. */
    static RecordedClips read(String family, Path folder) throws IOException {
        JsonMapper json = new JsonMapper();
        try (ZipFile zip = new ZipFile(FAMILIES.resolve(family + ".zip").toFile())) {
            ByteBuffer golden = ByteBuffer.wrap(read(zip, "golden.safetensors")).order(ByteOrder.LITTLE_ENDIAN);
            int length = Math.toIntExact(golden.getLong());
            JsonNode header = json.readTree(
                    StandardCharsets.UTF_8.decode(golden.slice(8, length)).toString());
            ByteBuffer tensors = golden.slice(8 + length, golden.limit() - 8 - length);
            return new RecordedClips(folder, json.readTree(read(zip, "golden.json")), header, tensors);
        }
    }

    /** Writes the files of an archive whose names begin like {@code prefix} to a folder, without that. */
    static Path extract(String archive, String prefix, Path folder) throws IOException {
        try (ZipFile zip = new ZipFile(FAMILIES.resolve(archive + ".zip").toFile())) {
            Enumeration<? extends ZipEntry> entries = zip.entries();
            while (entries.hasMoreElements()) {
                ZipEntry entry = entries.nextElement();
                if (entry.getName().startsWith(prefix)) {
                    Path file = folder.resolve(entry.getName().substring(prefix.length()));
                    Files.createDirectories(file.getParent());
                    Files.write(file, zip.getInputStream(entry).readAllBytes());
                }
            }
            return folder;
        }
    }

    private static byte[] read(ZipFile zip, String name) throws IOException {
        return zip.getInputStream(zip.getEntry(name)).readAllBytes();
    }

    /** Returns a float32 tensor. */
    Tensor floats(String name) {
        ByteBuffer values = values(name);
        float[] floats = new float[values.remaining() / Float.BYTES];
        values.asFloatBuffer().get(floats);
        JsonNode shape = header.get(name).get("shape");
        int[] dims = new int[shape.size()];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = shape.get(i).asInt();
        }
        return Tensor.of(floats, dims);
    }

    byte[] bytes(String name) {
        ByteBuffer values = values(name);
        byte[] bytes = new byte[values.remaining()];
        values.get(bytes);
        return bytes;
    }

    private ByteBuffer values(String name) {
        JsonNode offsets = header.get(name).get("data_offsets");
        int start = offsets.get(0).asInt();
        return tensors.slice(start, offsets.get(1).asInt() - start).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Returns ||ours - expected|| / ||expected||. */
    static double distance(Tensor ours, Tensor expected) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < ours.size(); i++) {
            difference += Math.pow(ours.data()[i] - expected.data()[i], 2);
            norm += Math.pow(expected.data()[i], 2);
        }
        return Math.sqrt(difference / norm);
    }
}
