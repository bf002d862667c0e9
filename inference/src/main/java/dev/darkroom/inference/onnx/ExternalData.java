// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import dev.darkroom.inference.ModelDirectoryException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;

/**
 * Finds the files that a graph keeps its initializers in. Reads the protobuf wire format of onnx.proto just as deep as that
 * takes (ModelProto.graph = 7, GraphProto.initializer = 5, TensorProto.external_data = 13, StringStringEntryProto), so that a
 * 2 GB graph costs a few pages.
 */
final class ExternalData {
    private static final int GRAPH = 7;
    private static final int INITIALIZER = 5;
    private static final int EXTERNAL_DATA = 13;

    private ExternalData() {}

    /** Returns the locations as the graph names them, relative to its own folder, sorted. */
    static Set<String> locations(String component, Path graph) {
        Set<String> locations = new TreeSet<>();
        try (FileChannel channel = FileChannel.open(graph)) {
            ByteBuffer model = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
            fields(model, (field, content) -> {
                if (field == GRAPH) {
                    readGraph(content, locations);
                }
            });
            return locations;
        } catch (IOException | RuntimeException e) { // a length that leads out of its message, say
            throw new ModelDirectoryException(
                    component, graph.getFileName().toString(), "an ONNX graph", "no readable one");
        }
    }

    private static void readGraph(ByteBuffer graph, Set<String> locations) {
        fields(graph, (field, content) -> {
            if (field == INITIALIZER) {
                fields(content, (inner, entry) -> {
                    if (inner == EXTERNAL_DATA) {
                        readEntry(entry, locations);
                    }
                });
            }
        });
    }

    private static void readEntry(ByteBuffer entry, Set<String> locations) {
        String[] pair = {"", ""};
        fields(entry, (field, text) -> {
            if (field == 1 || field == 2) {
                pair[field - 1] = StandardCharsets.UTF_8.decode(text).toString();
            }
        });
        if (pair[0].equals("location")) {
            locations.add(pair[1]);
        }
    }

    /** Visits the length-delimited fields of one message and steps over the others. */
    private static void fields(ByteBuffer message, BiConsumer<Integer, ByteBuffer> visitor) {
        ByteBuffer in = message.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        while (in.hasRemaining()) {
            long tag = varint(in);
            int wireType = (int) (tag & 7);
            switch (wireType) {
                case 0 -> varint(in);
                case 1 -> in.position(in.position() + Long.BYTES);
                case 5 -> in.position(in.position() + Integer.BYTES);
                case 2 -> {
                    int length = Math.toIntExact(varint(in));
                    visitor.accept((int) (tag >>> 3), in.slice(in.position(), length));
                    in.position(in.position() + length);
                }
                default -> throw new IllegalArgumentException("wire type " + wireType);
            }
        }
    }

    private static long varint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            byte next = in.get();
            value |= (long) (next & 0x7f) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw new IllegalArgumentException("overlong varint");
    }
}
