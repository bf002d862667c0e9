// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.inference.onnx.ModelDirectory;
import dev.darkroom.inference.tokenizer.Tokenizer;
import java.util.function.Consumer;

/** Says what the networks will not make of a request's prompts. Thread-safe. */
record PromptReader(Tokenizer tokenizer, KnownSubjects knownSubjects) {
    static PromptReader of(ModelDirectory directory, Tokenizer tokenizer) {
        return new PromptReader(tokenizer, KnownSubjects.of(directory.knownSubjects()));
    }

    /** Tells that the prompts are read now, and warns of what the model does not know and of what does not fit the window. */
    void read(GenerationRequest request, boolean guided, Consumer<GenerationEvent> events) {
        events.accept(new GenerationEvent.StageStarted("text_encoder"));
        if (knownSubjects.lacksAll(request.prompt())) {
            events.accept(Warnings.outsideWorld(knownSubjects));
        }
        Warnings.truncated("prompt", tokenizer.encode(request.prompt()), events);
        if (guided) {
            Warnings.truncated("negative prompt", tokenizer.encode(request.negativePrompt()), events);
        }
    }
}
