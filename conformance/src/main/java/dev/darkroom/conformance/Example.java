// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.conformance;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.google.protobuf.UnknownFieldSet;
import io.grpc.MethodDescriptor;

/**
 * A request and the method to send it to.
 *
 * @param method unary or server streaming, for instance {@code SafetyServiceGrpc.getCheckPromptMethod()}
 */
public record Example<Q extends Message, R>(MethodDescriptor<Q, R> method, Q request) {

    /** The same request with a field that nobody knows and that is that many bytes long. */
    @SuppressWarnings("unchecked") // A builder builds the type that it was made from.
    Example<Q, R> padded(int bytes) {
        Message.Builder builder = request.toBuilder();
        builder.setUnknownFields(UnknownFieldSet.newBuilder()
                .addField(
                        15_000,
                        UnknownFieldSet.Field.newBuilder()
                                .addLengthDelimited(ByteString.copyFrom(new byte[bytes]))
                                .build())
                .build());
        return new Example<>(method, (Q) builder.build());
    }
}
