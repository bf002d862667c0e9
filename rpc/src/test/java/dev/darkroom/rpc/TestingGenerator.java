// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import dev.darkroom.text2image.v1.GenerateRequest;
import dev.darkroom.text2image.v1.GenerateResponse;
import dev.darkroom.text2image.v1.TextToImageServiceGrpc;
import io.grpc.stub.StreamObserver;

/** A streaming service that does what the test says. Its events carry nothing but their sequence. */
final class TestingGenerator extends TextToImageServiceGrpc.TextToImageServiceImplBase {

    private final ResponseStream.Work<GenerateResponse> work;

    TestingGenerator(ResponseStream.Work<GenerateResponse> work) {
        this.work = work;
    }

    static GenerateResponse event(long sequence) {
        return GenerateResponse.newBuilder().setSequence(sequence).build();
    }

    @Override
    public void generate(GenerateRequest request, StreamObserver<GenerateResponse> observer) {
        ResponseStream.serve(observer, work);
    }
}
