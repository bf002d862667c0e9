// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import com.fasterxml.jackson.databind.JsonNode;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A text decoder: says of rows of tokens what comes next. What it has read of a row it keeps as keys and values, which belong to the row
 * and are never changed, so that rows of beams share what they have in common. Layers, heads and widths are those of the graph's inputs.
 *
 * <p>Thread-safe.
 */
public final class TextDecoder implements AutoCloseable {
    private static final Pattern PAST =
            Pattern.compile("past_key_values\\.(\\d+\\.(decoder\\.|encoder\\.)?(?:key|value))");
    private static final String BRANCH = "use_cache_branch";
    private static final Set<String> KNOWN = Set.of(
            "input_ids",
            "encoder_hidden_states",
            "encoder_attention_mask",
            "attention_mask",
            "position_ids",
            "cache_position",
            BRANCH);

    /**
     * One kind of keys or values of one layer.
     *
     * @param grows with each token; those of the encoder's states do not
     */
    private record Slot(String past, String present, int heads, int width, boolean grows) {
        Tensor empty(int rows) {
            return Tensor.zeros(rows, heads, 0, width);
        }
    }

    private final OnnxModel first;
    private final OnnxModel further;
    private final boolean merged;
    private final List<Slot> slots;
    private final int vocabularySize;
    private final int window;

    /**
     * What was read of a row.
     *
     * @param length tokens
     * @param values in the order of the slots, (1, heads, length, width) each; empty without a cache
     */
    public record Past(int length, List<Tensor> values) {
        public Past {
            values = List.copyOf(values);
        }
    }

    /**
     * A row to go on with.
     *
     * @param tokens all so far, the start token first
     * @param states what the encoder saw, (1, T, D)
     * @param past of all tokens but the last, null before the first call
     */
    public record Row(
            List<Integer> tokens, Tensor states, @Nullable Past past) {
        public Row {
            tokens = List.copyOf(tokens);
        }

        /** Returns what rows must agree in to share a call. */
        public Object likeness() {
            return List.of(tokens.size(), past == null ? 0 : past.length(), states.dim(1));
        }
    }

    /**
     * What comes next.
     *
     * @param logits (V), one for each entry of the vocabulary
     * @param past of all tokens of the row
     */
    public record Answer(Tensor logits, Past past) {}

    private TextDecoder(OnnxModel first, OnnxModel further, boolean merged, List<Slot> slots, int[] sizes) {
        this.first = first;
        this.further = further;
        this.merged = merged;
        this.slots = slots;
        this.vocabularySize = sizes[0];
        this.window = sizes[1];
    }

    static TextDecoder of(CaptionFiles.Cache cache, List<OnnxModel> graphs, JsonNode config) {
        for (OnnxModel graph : graphs) {
            GraphCheck check = new GraphCheck("decoder_model", graph);
            check.input("input_ids", GraphCheck.INTEGERS, 2);
            check.output("logits", GraphCheck.FLOATS, 3);
            check.onlyInputs(known(graph));
        }
        List<Slot> slots = cache == CaptionFiles.Cache.NONE ? List.of() : slots(graphs.getLast(), graphs.getFirst());
        int[] sizes = {vocabulary(graphs.getFirst(), config), window(config)};
        return new TextDecoder(graphs.getFirst(), graphs.getLast(), cache == CaptionFiles.Cache.MERGED, slots, sizes);
    }

    private static Set<String> known(OnnxModel graph) {
        Set<String> known = new HashSet<>(KNOWN);
        graph.inputs().stream()
                .map(TensorSpec::name)
                .filter(name -> PAST.matcher(name).matches())
                .forEach(known::add);
        return known;
    }

    private static List<Slot> slots(OnnxModel further, OnnxModel first) {
        GraphCheck check = new GraphCheck("decoder_model", first);
        List<Slot> slots = new ArrayList<>();
        for (TensorSpec input : further.inputs()) {
            Matcher name = PAST.matcher(input.name());
            if (name.matches()) {
                TensorSpec past = new GraphCheck("decoder_model", further).input(input.name(), GraphCheck.FLOATS, 4);
                String present = "present." + name.group(1);
                check.output(present, GraphCheck.FLOATS, 4);
                if (past.dim(1) < 1 || past.dim(3) < 1) {
                    throw check.refuse(
                            "input " + past.name(),
                            "heads and width that the graph states",
                            past.dims().toString());
                }
                boolean grows = !Objects.equals(name.group(2), "encoder.");
                slots.add(new Slot(past.name(), present, (int) past.dim(1), (int) past.dim(3), grows));
            }
        }
        if (slots.isEmpty()) {
            throw check.refuse("inputs", "past_key_values.*", "none");
        }
        return slots;
    }

    private static int vocabulary(OnnxModel graph, JsonNode config) {
        long stated = graph.outputs().stream()
                .filter(output -> output.name().equals("logits"))
                .mapToLong(output -> output.dim(2))
                .findFirst()
                .orElse(-1);
        int size = stated > 0 ? (int) stated : config.path("vocab_size").asInt();
        if (size < 1) {
            throw new GraphCheck("decoder_model", graph).refuse("config.json, decoder.vocab_size", "a size", "none");
        }
        return size;
    }

    private static int window(JsonNode config) {
        int window = config.path("n_positions")
                .asInt(config.path("max_position_embeddings").asInt(0));
        return window > 0 ? window : Integer.MAX_VALUE;
    }

    /** Returns the number of logits. */
    public int vocabularySize() {
        return vocabularySize;
    }

    /** Returns the most tokens that a row can have, start and end included. */
    public int window() {
        return window;
    }

    /** Tells whether tokens that were read are kept; otherwise every call reads all of them again. */
    public boolean isCached() {
        return !slots.isEmpty();
    }

    /**
     * Says what comes next.
     *
     * @param rows at least one, all alike: {@link Row#likeness}
     * @throws java.util.concurrent.CancellationException within one graph node after {@code cancellation} is cancelled
     * @throws dev.darkroom.inference.InferenceException if the runtime fails
     */
    public List<Answer> next(List<Row> rows, Cancellation cancellation) {
        boolean begins = rows.getFirst().past() == null || !isCached();
        OnnxModel graph = begins ? first : further;
        int length = rows.getFirst().tokens().size();
        int read = begins ? 0 : length - 1;
        Map<String, Tensor> inputs = new HashMap<>();
        inputs.put("input_ids", ids(rows, read, length));
        putStates(graph, rows, inputs);
        putPositions(rows.size(), read, length, inputs);
        if (!begins || merged) {
            putPast(rows, begins, inputs);
        }
        inputs.put(BRANCH, Tensor.of(new float[] {begins ? 0 : 1}, 1));
        inputs.keySet().retainAll(graph.inputs().stream().map(TensorSpec::name).toList());
        Map<String, Tensor> outputs = graph.run(inputs, wanted(begins), cancellation);
        return answers(rows, outputs, begins);
    }

    private static Tensor ids(List<Row> rows, int from, int to) {
        float[] ids = new float[rows.size() * (to - from)];
        int at = 0;
        for (Row row : rows) {
            for (int i = from; i < to; i++) {
                ids[at++] = row.tokens().get(i);
            }
        }
        return Tensor.of(ids, rows.size(), to - from);
    }

    private static void putStates(OnnxModel graph, List<Row> rows, Map<String, Tensor> inputs) {
        if (graph.inputs().stream().anyMatch(input -> input.name().equals("encoder_hidden_states"))) {
            inputs.put(
                    "encoder_hidden_states",
                    Tensor.concat(rows.stream().map(Row::states).toList()));
        }
        inputs.put(
                "encoder_attention_mask",
                ones(rows.size(), rows.getFirst().states().dim(1)));
    }

    private static void putPositions(int rows, int from, int to, Map<String, Tensor> inputs) {
        inputs.put("attention_mask", ones(rows, to));
        float[] positions = new float[rows * (to - from)];
        for (int i = 0; i < positions.length; i++) {
            positions[i] = from + i % (to - from);
        }
        inputs.put("position_ids", Tensor.of(positions, rows, to - from));
        inputs.put("cache_position", Tensor.of(Arrays.copyOf(positions, to - from), to - from));
    }

    private static Tensor ones(int rows, int length) {
        float[] ones = new float[rows * length];
        Arrays.fill(ones, 1);
        return Tensor.of(ones, rows, length);
    }

    /** A merged graph wants a past in the first call too: one of length zero, which it does not look at. */
    private void putPast(List<Row> rows, boolean begins, Map<String, Tensor> inputs) {
        for (int i = 0; i < slots.size(); i++) {
            Slot slot = slots.get(i);
            int index = i;
            inputs.put(
                    slot.past,
                    begins
                            ? slot.empty(rows.size())
                            : Tensor.concat(rows.stream()
                                    .map(row -> Objects.requireNonNull(row.past())
                                            .values()
                                            .get(index))
                                    .toList()));
        }
    }

    /** The encoder's keys and values are taken from the first call only: later a merged graph gives dummies. */
    private Set<String> wanted(boolean begins) {
        Set<String> wanted = new LinkedHashSet<>(Set.of("logits"));
        slots.stream().filter(slot -> begins || slot.grows).map(Slot::present).forEach(wanted::add);
        return wanted;
    }

    private List<Answer> answers(List<Row> rows, Map<String, Tensor> outputs, boolean begins) {
        Tensor logits = Objects.requireNonNull(outputs.get("logits"));
        List<Answer> answers = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            int end = (i + 1) * logits.dim(1) * vocabularySize;
            float[] last = Arrays.copyOfRange(logits.data(), end - vocabularySize, end);
            answers.add(new Answer(Tensor.of(last, vocabularySize), past(rows.get(i), i, outputs, begins)));
        }
        return answers;
    }

    private Past past(Row row, int index, Map<String, Tensor> outputs, boolean begins) {
        List<Tensor> values = new ArrayList<>();
        for (int i = 0; i < slots.size(); i++) {
            Slot slot = slots.get(i);
            values.add(
                    begins || slot.grows
                            ? Objects.requireNonNull(outputs.get(slot.present)).row(index)
                            : Objects.requireNonNull(row.past()).values().get(i));
        }
        return new Past(row.tokens().size(), values);
    }

    @Override
    public void close() {
        first.close();
        further.close();
    }
}
