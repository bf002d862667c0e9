// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.batch;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.darkroom.gateway.v1.CaptionImagesRequest;
import dev.darkroom.gateway.v1.GenerateImagesRequest;
import dev.darkroom.gateway.v1.UpscaleImageRequest;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** What an item of a manifest can ask for. Its fields are those of the request and of its parameters, by their names in the proto files. */
public enum ItemKind {
    IMAGE(GenerateImagesRequest.getDefaultInstance(), false),
    CAPTION(CaptionImagesRequest.getDefaultInstance(), true),
    UPSCALE(UpscaleImageRequest.getDefaultInstance(), true);

    private final Message request;
    private final boolean requiresImage;

    ItemKind(Message request, boolean requiresImage) {
        this.request = request;
        this.requiresImage = requiresImage;
    }

    /** An empty request of this kind. */
    Message.Builder newRequest() {
        return request.newBuilderForType();
    }

    boolean requiresImage() {
        return requiresImage;
    }

    /** The way to a field from the request, by its name in a manifest. */
    Optional<List<FieldDescriptor>> field(String name) {
        return Optional.ofNullable(ItemFields.of(this).get(name));
    }

    Set<String> fieldNames() {
        return ItemFields.of(this).keySet();
    }

    /** The name in a manifest. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Optional<ItemKind> of(String word) {
        return Arrays.stream(values()).filter(kind -> kind.word().equals(word)).findFirst();
    }

    static String words() {
        return Arrays.stream(values()).map(ItemKind::word).collect(Collectors.joining(", "));
    }
}
