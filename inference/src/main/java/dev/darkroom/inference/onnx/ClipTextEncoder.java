// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import com.fasterxml.jackson.databind.JsonNode;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.tensor.Tensor;
import dev.darkroom.inference.tokenizer.Tokenizer;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * A text encoder of CLIP with its tokenizer. Prompts are encoded one by one, so that an embedding does not depend on its neighbours and
 * graphs of one row will do. Thread-safe; whoever loaded the model closes it.
 *
 * <p>L is the text window, D the embedding width, P the width of the projection.
 */
public final class ClipTextEncoder {
    private static final String LAST = "last_hidden_state";
    private static final String POOLED = "text_embeds";
    /** Named by darkroom-export: the state after a layer, normalized as the last one is. */
    private static final String NORMED = "normed_hidden_states.";

    private final OnnxModel model;
    private final Tokenizer tokenizer;
    private final TensorSpec ids;
    private final String hiddenStates; // up to the layer's number
    private final int layers;
    private final int width;

    private ClipTextEncoder(GraphCheck check, Tokenizer tokenizer, JsonNode config, TensorSpec ids) {
        this.model = check.model();
        this.tokenizer = tokenizer;
        this.ids = ids;
        this.hiddenStates = check.hasOutput("hidden_states_0") ? "hidden_states_" : "hidden_states.";
        this.layers = config.path("num_hidden_layers").asInt(12);
        this.width = config.path("hidden_size").asInt(512);
    }

    /** Binds the graph and reads the tokenizer; both must fit each other and the component's configuration. */
    static ClipTextEncoder of(ModelParts parts, String component, String tokenizerComponent) {
        JsonNode config = parts.directory().config(component);
        Tokenizer tokenizer = parts.tokenizer(
                tokenizerComponent, config.path("max_position_embeddings").asInt(77), "CLIPTokenizer");
        GraphCheck check = parts.check(component);
        TensorSpec ids = check.input("input_ids", GraphCheck.INTEGERS, 2);
        check.rows(ids);
        check.dimension(ids, 1, tokenizer.window(), "the tokenizer's window");
        check.onlyInputs(Set.of("input_ids"));
        if (config.path("use_attention_mask").asBoolean()) {
            throw new ModelDirectoryException(component, "use_attention_mask", "false", "true");
        }
        requireVocabulary(
                tokenizer.size(), tokenizerComponent, config.path("vocab_size").asInt(49408));
        return new ClipTextEncoder(check, tokenizer, config, ids);
    }

    static void requireVocabulary(int size, String tokenizer, int vocabulary) {
        if (size > vocabulary) {
            throw new ModelDirectoryException(
                    tokenizer, "ids", "below vocab_size " + vocabulary + " of the text encoder", "up to " + (size - 1));
        }
    }

    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /** Returns D as the configuration states it. */
    int width() {
        return width;
    }

    /** Refuses a graph whose last state is not as wide as the network wants its prompt. */
    ClipTextEncoder requireLast(GraphCheck check, int expected, String reason) {
        check.dimension(check.output(LAST, GraphCheck.FLOATS, 3), 2, expected, reason);
        return this;
    }

    /** Refuses a graph without the state before the last layer. */
    ClipTextEncoder requirePenultimate(GraphCheck check) {
        check.dimension(check.output(hiddenStates + (layers - 1), GraphCheck.FLOATS, 3), 2, width, "hidden_size");
        return this;
    }

    /** Refuses a graph without a projection. */
    ClipTextEncoder requirePooled(GraphCheck check) {
        check.output(POOLED, GraphCheck.FLOATS, 2);
        return this;
    }

    /** Returns how many of the last layers {@link #lastButNormed} can leave out: none, unless the graph was made for that. */
    public int maxClipSkip() {
        int skip = 0;
        while (skip < layers && hasOutput(NORMED + (layers - skip - 1))) {
            skip++;
        }
        return skip;
    }

    /** Returns how many further layers {@link #penultimate} can leave out. */
    public int maxFurtherSkip() {
        int skip = 0;
        while (skip < layers - 1 && hasOutput(hiddenStates + (layers - skip - 2))) {
            skip++;
        }
        return skip;
    }

    private boolean hasOutput(String name) {
        return model.outputs().stream().anyMatch(output -> output.name().equals(name));
    }

    /**
     * Returns the state (1, L, D) that {@code clipSkip} layers before the last give, after the norm that follows the last one.
     *
     * @param clipSkip 0 for the last layer itself, to {@link #maxClipSkip}
     */
    public Tensor lastButNormed(Tensor ids, int clipSkip, Cancellation cancellation) {
        String output = clipSkip == 0 ? LAST : NORMED + (layers - clipSkip);
        return Objects.requireNonNull(run(ids, Set.of(output), cancellation).get(output));
    }

    /**
     * Returns the state (1, L, D) before the last layer, without a norm.
     *
     * @param clipSkip how many further layers to leave out, to {@link #maxFurtherSkip}
     */
    public Tensor penultimate(Tensor ids, int clipSkip, Cancellation cancellation) {
        String output = hiddenStates + (layers - 1 - clipSkip);
        return Objects.requireNonNull(run(ids, Set.of(output), cancellation).get(output));
    }

    /** Returns the projected embedding (1, P) of the text as a whole. */
    public Tensor pooled(Tensor ids, Cancellation cancellation) {
        return Objects.requireNonNull(run(ids, Set.of(POOLED), cancellation).get(POOLED));
    }

    private Map<String, Tensor> run(Tensor tokens, Set<String> outputs, Cancellation cancellation) {
        return model.run(Map.of(ids.name(), tokens), outputs, cancellation);
    }
}
