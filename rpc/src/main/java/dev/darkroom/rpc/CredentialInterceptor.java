// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;

/** Turns away callers that do not show the backend token. */
final class CredentialInterceptor implements ServerInterceptor {

    private final BackendCredential credential;

    CredentialInterceptor(BackendCredential credential) {
        this.credential = credential;
    }

    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
        if (!credential.accepts(headers)) {
            throw new Fault.Unauthenticated("CREDENTIAL_INVALID", "This service answers only to the gateway");
        }
        return next.startCall(call, headers);
    }
}
