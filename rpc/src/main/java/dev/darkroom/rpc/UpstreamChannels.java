// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import io.grpc.ClientInterceptor;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Connects to the services behind this one. Thread-safe. */
@Singleton
public final class UpstreamChannels {

    /** The largest message is a checkpoint, whose state has at most 16 MiB. */
    private static final int MAX_INBOUND_MESSAGE_BYTES = (16 << 20) + (64 << 10);

    private final List<ClientInterceptor> interceptors;

    UpstreamChannels(RpcConfiguration configuration, BackendCredential credential) {
        this.interceptors = List.of(new UpstreamInterceptor(credential, configuration.deadlineMargin()));
    }

    /**
     * Opens a channel that carries the trace, the credential and the shrunk deadline of the request that the calling
     * thread works for, finds dead links by keepalive and spreads calls over
     * all addresses of the name. The caller shuts it down.
     *
     * @param target for instance {@code dns:///text2image-svc:50051} or {@code 127.0.0.1:50051}
     */
    public ManagedChannel open(String target) {
        return NettyChannelBuilder.forTarget(target)
                .usePlaintext()
                .defaultLoadBalancingPolicy("round_robin")
                .maxInboundMessageSize(MAX_INBOUND_MESSAGE_BYTES)
                .keepAliveTime(30, TimeUnit.SECONDS)
                .keepAliveTimeout(10, TimeUnit.SECONDS)
                .intercept(interceptors)
                .build();
    }

    /** What {@link #open} adds to each call, for channels built by hand. */
    public List<ClientInterceptor> interceptors() {
        return interceptors;
    }
}
