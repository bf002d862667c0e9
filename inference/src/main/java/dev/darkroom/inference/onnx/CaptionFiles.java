// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import java.nio.file.Path;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;

/**
 * Where the parts of a captioner's folder lie, in the root or in {@code onnx/}.
 *
 * @param decoders one or two, by {@code cache}
 * @param deciding every file whose bytes decide the output
 */
record CaptionFiles(
        ModelDirectory directory, Path encoder, List<Path> decoders, Cache cache, NavigableSet<Path> deciding) {
    /** How a decoder keeps what it has read. */
    enum Cache {
        /** One graph that chooses by {@code use_cache_branch}. */
        MERGED,
        /** A graph for the first call and one for the others. */
        PAIR,
        /** Not at all: every call reads everything again. */
        NONE
    }

    static CaptionFiles of(ModelDirectory directory) {
        Path encoder = directory.file("encoder_model", places("encoder_model.onnx"));
        Cache cache = directory.has(places("decoder_model_merged.onnx"))
                ? Cache.MERGED
                : directory.has(places("decoder_with_past_model.onnx")) ? Cache.PAIR : Cache.NONE;
        List<Path> decoders = switch (cache) {
            case MERGED -> List.of(directory.file("decoder_model_merged", places("decoder_model_merged.onnx")));
            case PAIR ->
                List.of(
                        directory.file("decoder_model", places("decoder_model.onnx")),
                        directory.file("decoder_with_past_model", places("decoder_with_past_model.onnx")));
            case NONE -> List.of(directory.file("decoder_model", places("decoder_model.onnx")));
        };
        return new CaptionFiles(directory, encoder, decoders, cache, deciding(directory, encoder, decoders));
    }

    private static String[] places(String file) {
        return new String[] {file, "onnx/" + file};
    }

    private static NavigableSet<Path> deciding(ModelDirectory directory, Path encoder, List<Path> decoders) {
        NavigableSet<Path> deciding = new TreeSet<>();
        deciding.add(directory.file("folder", "config.json"));
        deciding.add(directory.file("preprocessor", "preprocessor_config.json"));
        if (directory.has("generation_config.json")) {
            deciding.add(directory.file("folder", "generation_config.json"));
        }
        ModelDigest.addTokenizer(directory.root(), deciding);
        ModelDigest.addGraph(directory, "encoder_model", encoder, deciding);
        decoders.forEach(graph -> ModelDigest.addGraph(directory, "decoder_model", graph, deciding));
        return deciding;
    }

    String digest() {
        return ModelDigest.of(directory, deciding);
    }
}
