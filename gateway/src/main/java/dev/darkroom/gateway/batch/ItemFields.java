// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.batch;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The fields that an item of a manifest may set, by name, and the way to each from the request. */
final class ItemFields {
    private static final String PARAMETERS = "parameters";

    /**
     * Pictures are named by {@code image}; options belong to the batch as a whole; a preview is for somebody who watches; a list of words would be
     * taken for alternatives.
     */
    private static final Set<String> LEFT_OUT =
            Set.of(PARAMETERS, "image", "images", "options", "preview_interval", "blocked_terms");

    private static final Map<ItemKind, Map<String, List<FieldDescriptor>>> FIELDS = Arrays.stream(ItemKind.values())
            .collect(Collectors.toMap(kind -> kind, kind -> of(kind.newRequest().getDescriptorForType())));

    private ItemFields() {}

    static Map<String, List<FieldDescriptor>> of(ItemKind kind) {
        return Objects.requireNonNull(FIELDS.get(kind));
    }

    private static Map<String, List<FieldDescriptor>> of(Descriptor request) {
        Map<String, List<FieldDescriptor>> fields = new TreeMap<>();
        request.getFields().stream()
                .filter(field -> !LEFT_OUT.contains(field.getName()))
                .forEach(field -> add(List.of(), field, fields));
        FieldDescriptor parameters = request.findFieldByName(PARAMETERS);
        parameters.getMessageType().getFields().forEach(field -> add(List.of(parameters), field, fields));
        return fields;
    }

    private static void add(
            List<FieldDescriptor> parents, FieldDescriptor field, Map<String, List<FieldDescriptor>> fields) {
        List<FieldDescriptor> path = new ArrayList<>(parents);
        path.add(field);
        if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
            field.getMessageType().getFields().forEach(child -> add(path, child, fields));
        } else {
            fields.put(name(path), List.copyOf(path));
        }
    }

    private static String name(List<FieldDescriptor> path) {
        return path.stream()
                .map(FieldDescriptor::getName)
                .filter(part -> !part.equals(PARAMETERS))
                .collect(Collectors.joining("."));
    }
}
