// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import io.grpc.BindableService;
import io.grpc.ServerInterceptors;
import io.micronaut.context.event.BeanCreatedEvent;
import io.micronaut.context.event.BeanCreatedEventListener;
import jakarta.inject.Singleton;

/**
 * Moves the parsing of requests inside the interceptors. gRPC parses outside of them and answers bytes that are no
 * message (a string that is not UTF-8, say) with UNKNOWN "Application error
 * processing RPC"; here the caller is told what it is.
 */
@Singleton
final class LateParsing implements BeanCreatedEventListener<BindableService> {

    @Override
    public BindableService onCreated(BeanCreatedEvent<BindableService> event) {
        BindableService service = event.getBean();
        return () -> ServerInterceptors.useInputStreamMessages(service.bindService());
    }
}
