// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.caption;

import dev.darkroom.caption.v1.CaptionResponse;
import dev.darkroom.caption.v1.DecodedToken;
import dev.darkroom.caption.v1.StreamCaptionResponse;
import dev.darkroom.inference.generation.TokenListener;
import dev.darkroom.media.v1.Queued;
import dev.darkroom.rpc.ResponseStream;
import java.util.ArrayList;
import java.util.List;

/** Numbers the events of a caption in the making and writes them to the call. Not thread-safe. */
final class TokenEvents implements TokenListener {
    private final ResponseStream<StreamCaptionResponse> stream;
    private final Captioning request;
    private final List<Integer> tokens;
    private String told = "";
    private long sequence;

    TokenEvents(ResponseStream<StreamCaptionResponse> stream, Captioning request) {
        this.stream = stream;
        this.request = request;
        this.tokens =
                new ArrayList<>(request.prompt().subList(1, request.prompt().size()));
    }

    void queued(int position) {
        stream.offer(
                "queued",
                next().setQueued(Queued.newBuilder().setPosition(position)).build());
    }

    /** Each token has a key of its own, so that a slow reader gets all of them and keeps nobody waiting. */
    @Override
    public void decoded(int index, int token, double logProb) {
        tokens.add(token);
        String text = request.captioner().networks().tokenizer().decode(tokens);
        boolean complete = !text.endsWith("\ufffd") && text.startsWith(told);
        DecodedToken event = DecodedToken.newBuilder()
                .setIndex(index)
                .setTokenId(token)
                .setText(complete ? text.substring(told.length()) : "")
                .setLogProbability((float) logProb)
                .build();
        told = complete ? text : told;
        stream.offer(event, next().setToken(event).build());
    }

    void completed(CaptionResponse response) {
        stream.send(next().setCompleted(response).build());
    }

    private StreamCaptionResponse.Builder next() {
        return StreamCaptionResponse.newBuilder().setSequence(++sequence);
    }
}
