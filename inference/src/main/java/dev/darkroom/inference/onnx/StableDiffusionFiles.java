// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;

/**
 * Where the parts of a Stable Diffusion folder lie, in either layout: Optimum's (a folder for the decoder) or diffusers' own with
 * graphs beside the weights (the decoder's inside {@code vae}).
 *
 * @param deciding every file whose bytes decide the output
 */
record StableDiffusionFiles(
        ModelDirectory directory,
        Path textEncoder,
        Path unet,
        Path vaeDecoder,
        Path tokenizer,
        NavigableSet<Path> deciding) {
    /** @param schedulers the folders whose {@code scheduler_config.json} decides too */
    static StableDiffusionFiles of(ModelDirectory directory, List<String> schedulers) {
        Path textEncoder = directory.file("text_encoder", "text_encoder/model.onnx");
        Path unet = directory.file("unet", "unet/model.onnx");
        Path vaeDecoder = directory.file(
                "vae_decoder",
                "vae_decoder/model.onnx",
                "vae/decoder_model.onnx",
                "vae/decoder.onnx",
                "vae/model.onnx");
        directory.file("tokenizer", "tokenizer/tokenizer_config.json");
        Path tokenizer = directory.root().resolve("tokenizer");
        NavigableSet<Path> deciding = new TreeSet<>();
        deciding.add(directory.file("folder", "model_index.json"));
        schedulers.forEach(name -> deciding.add(directory.file(name, name + "/scheduler_config.json")));
        deciding.add(directory.file("text_encoder", "text_encoder/config.json"));
        deciding.add(directory.file("unet", "unet/config.json"));
        deciding.add(directory.file("vae_decoder", "vae_decoder/config.json", "vae/config.json"));
        ModelDigest.addTokenizer(tokenizer, deciding);
        ModelDigest.addGraph(directory, "text_encoder", textEncoder, deciding);
        ModelDigest.addGraph(directory, "unet", unet, deciding);
        ModelDigest.addGraph(directory, "vae_decoder", vaeDecoder, deciding);
        return new StableDiffusionFiles(directory, textEncoder, unet, vaeDecoder, tokenizer, deciding);
    }

    static JsonNode vaeConfig(ModelDirectory directory) {
        Path config = directory.file("vae_decoder", "vae_decoder/config.json", "vae/config.json");
        return directory.config(directory.root().relativize(config).getName(0).toString());
    }

    /** Returns SHA-256, in hexadecimal, of the deciding files. */
    String digest() {
        return ModelDigest.of(directory, deciding);
    }
}
