// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.batch;

import com.google.protobuf.Message;

/**
 * One request of a manifest, with every default, template and grid resolved.
 *
 * @param index place in the manifest, from 0
 * @param line on which its entry begins, from 1
 * @param id unique in the manifest
 * @param kind what is asked for
 * @param request a GenerateImagesRequest, CaptionImagesRequest or UpscaleImageRequest, without picture
 * @param image the picture that belongs to it, as the manifest names it; empty for none
 * @param digest SHA-256 of kind, request and name of the picture, 64 hexadecimal digits
 * @param original index of the first item with the same digest, which is made once for all of them; its own where it is the first
 */
public record ManifestItem(
        int index, int line, String id, ItemKind kind, Message request, String image, String digest, int original) {}
