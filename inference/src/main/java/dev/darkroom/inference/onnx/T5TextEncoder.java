// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import com.fasterxml.jackson.databind.JsonNode;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.tensor.Tensor;
import dev.darkroom.inference.tokenizer.Encoding;
import dev.darkroom.inference.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * T5's encoder with its tokenizer. It must know the padding: without a mask, every token would attend to it. Thread-safe; whoever loaded the
 * model closes it.
 *
 * <p>L is the window, D the embedding width.
 */
public final class T5TextEncoder {
    private static final String LAST = "last_hidden_state";

    private final OnnxModel model;
    private final Tokenizer tokenizer;

    private T5TextEncoder(OnnxModel model, Tokenizer tokenizer) {
        this.model = model;
        this.tokenizer = tokenizer;
    }

    /**
     * Binds the graph and reads the tokenizer; both must fit each other and the component's configuration.
     *
     * @param limit longest window; the tokenizer's own may be shorter
     * @param width what the network wants its prompt to be
     */
    static T5TextEncoder of(ModelParts parts, String component, String tokenizerComponent, int limit, int width) {
        JsonNode config = parts.directory().config(component);
        Tokenizer tokenizer = parts.tokenizer(tokenizerComponent, limit, "T5Tokenizer");
        GraphCheck check = parts.check(component);
        TensorSpec ids = check.input("input_ids", GraphCheck.INTEGERS, 2);
        check.rows(ids);
        check.dimension(ids, 1, tokenizer.window(), "the tokenizer's window");
        check.input("attention_mask", NetworkInput.PROMPT_MASK.types(), 2);
        check.onlyInputs(Set.of("input_ids", "attention_mask"));
        check.dimension(check.output(LAST, GraphCheck.FLOATS, 3), 2, width, "what the transformer takes");
        ClipTextEncoder.requireVocabulary(
                tokenizer.size(), tokenizerComponent, config.path("vocab_size").asInt(32128));
        return new T5TextEncoder(check.model(), tokenizer);
    }

    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /** Returns the state (1, L, D) of a text. */
    public Tensor encode(Encoding text, Cancellation cancellation) {
        Map<String, Tensor> inputs = Map.of("input_ids", text.ids(), "attention_mask", mask(text));
        return Objects.requireNonNull(
                model.run(inputs, Set.of(LAST), cancellation).get(LAST));
    }

    /** Returns (1, L): 1 for each token of a text, 0 for padding. */
    public static Tensor mask(Encoding text) {
        float[] mask = new float[text.ids().dim(1)];
        Arrays.fill(mask, 0, text.length(), 1);
        return Tensor.of(mask, 1, mask.length);
    }
}
