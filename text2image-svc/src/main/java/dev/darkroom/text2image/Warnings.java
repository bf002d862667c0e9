// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.inference.tokenizer.Encoding;
import dev.darkroom.inference.tokenizer.Tokenizer;
import dev.darkroom.text2image.GenerationEvent.Warning;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** What a caller should know although the work goes on. The messages quote the prompt, so they go to the caller and never to a log. */
final class Warnings {
    private Warnings() {}

    static Warning outsideWorld(KnownSubjects subjects) {
        return new Warning(
                "PROMPT_OUTSIDE_WORLD",
                "The prompt names nothing that this model knows. It knows: " + String.join(", ", subjects.names())
                        + ".");
    }

    static Warning alphaDropped() {
        return new Warning("ALPHA_DROPPED", "The picture is not opaque; it was laid over white.");
    }

    /** Returns what there is to know of checkpoints that came with a request. */
    static List<Warning> of(Resume resume) {
        return resume instanceof Resume.Anew anew && !anew.difference().isEmpty()
                ? List.of(new Warning(
                        "CHECKPOINT_DISCARDED",
                        "The checkpoint was written with another " + anew.difference() + ", so the work starts over."))
                : List.of();
    }

    static Warning checkpointTooLarge(int bytes) {
        return new Warning(
                "CHECKPOINT_TOO_LARGE",
                "No checkpoints are sent: one takes " + bytes + " bytes, and at most " + UnfinishedPicture.MAX_BYTES
                        + " can be resumed from.");
    }

    static void truncated(String field, Encoding encoding, Consumer<? super Warning> events) {
        if (!encoding.unseen().isEmpty()) {
            events.accept(new Warning(
                    "PROMPT_TRUNCATED",
                    "The " + field + " is longer than the text encoder's window of "
                            + encoding.ids().dim(1) + " tokens. Not seen: " + String.join(" ", encoding.unseen())));
        }
    }

    /** Returns what there is to know before an upscaling begins. */
    static List<Warning> of(UpscalingRequest request, Tokenizer tokenizer) {
        List<Warning> warnings = new ArrayList<>();
        if (request.alphaDropped()) {
            warnings.add(alphaDropped());
        }
        warnings.addAll(of(request.resume()));
        truncated("prompt", tokenizer.encode(request.upscaling().prompt()), warnings::add);
        return warnings;
    }
}
