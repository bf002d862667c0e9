// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.generation;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.diffusion.RowCost;
import dev.darkroom.inference.diffusion.RowNetwork;
import dev.darkroom.inference.onnx.TextDecoder;
import dev.darkroom.inference.onnx.TextDecoder.Answer;
import dev.darkroom.inference.onnx.TextDecoder.Row;
import dev.darkroom.inference.tensor.Tensor;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A decoder as the step batcher sees it: rows of any request share a call where as many tokens of them were read and are to be read.
 * Thread-safe.
 */
public final class DecoderRows implements RowNetwork<Row, Answer> {
    private static final double GUESSED_SECONDS = 0.001;

    private final TextDecoder decoder;
    private final RowCost cost;
    private final int rowsPerCall;
    private final int lanes;

    private DecoderRows(TextDecoder decoder, int rowsPerCall, int lanes) {
        this.decoder = decoder;
        this.cost = RowCost.guessed(GUESSED_SECONDS);
        this.rowsPerCall = rowsPerCall;
        this.lanes = lanes;
    }

    /**
     * Asks the decoder for rows together and for one of them alone, at the start and a token later. If the bits differ, this runtime does
     * not compute rows independently, and every row gets calls of its own from then on.
     *
     * @param states what the encoder saw of a picture, (1, T, D)
     * @param start token that rows begin with
     * @param rowsPerCall most rows of one call, at least 1
     * @param lanes most calls at the same time
     */
    public static DecoderRows probed(TextDecoder decoder, Tensor states, int start, int rowsPerCall, int lanes) {
        boolean independent = rowsPerCall > 1 && isIndependent(decoder, states, start, Math.min(rowsPerCall, 5));
        return new DecoderRows(decoder, independent ? rowsPerCall : 1, lanes);
    }

    private static boolean isIndependent(TextDecoder decoder, Tensor states, int start, int count) {
        List<Integer> prompt = List.of(start);
        List<Row> rows = IntStream.range(0, count)
                .mapToObj(i -> new Row(prompt, Tensor.scale(1 - 0.1f * i, states), null))
                .toList();
        List<Answer> together = decoder.next(rows, new Cancellation());
        Answer alone = decoder.next(List.of(rows.getLast()), new Cancellation()).getFirst();
        boolean same = together.getLast().logits().equals(alone.logits());
        List<Row> later = IntStream.range(0, count)
                .mapToObj(i -> new Row(
                        List.of(start, i % decoder.vocabularySize()),
                        rows.get(i).states(),
                        together.get(i).past()))
                .toList();
        Tensor nextTogether = decoder.next(later, new Cancellation()).getLast().logits();
        Tensor nextAlone = decoder.next(List.of(later.getLast()), new Cancellation())
                .getFirst()
                .logits();
        return same && nextTogether.equals(nextAlone);
    }

    @Override
    public List<Answer> answer(List<Row> rows, Cancellation cancellation) {
        return decoder.next(rows, cancellation);
    }

    @Override
    public Object likeness(Row row) {
        return row.likeness();
    }

    @Override
    public RowCost cost(Row row) {
        return cost;
    }

    /** Returns what a row costs. */
    public RowCost cost() {
        return cost;
    }

    @Override
    public int rowsPerCall(Row row) {
        return rowsPerCall;
    }

    /** Returns how many rows share a call at most: 1 where the probe found that they are not independent. */
    public int rowsPerCall() {
        return rowsPerCall;
    }

    @Override
    public int lanes() {
        return lanes;
    }
}
