// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import io.grpc.Channel;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A connection to a gateway. Closing it closes the services too, if they were started for it. */
final class Gateway implements AutoCloseable {

    private static final long CLOSE_SECONDS = 5;

    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    private final ManagedChannel channel;
    private final @Nullable Services services;

    private Gateway(ManagedChannel channel, @Nullable Services services) {
        this.channel = channel;
        this.services = services;
    }

    static Gateway at(String address) {
        return new Gateway(channel(address), null);
    }

    static Gateway ofItsOwn(ServeOptions options) {
        Services services = Services.start(options);
        return new Gateway(channel(services.gatewayAddress()), services);
    }

    Channel channel() {
        return channel;
    }

    @Override
    public void close() {
        channel.shutdown();
        try {
            if (!channel.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                channel.shutdownNow();
            }
        } catch (InterruptedException e) {
            channel.shutdownNow();
            Thread.currentThread().interrupt();
        }
        if (services != null) {
            services.close();
        }
    }

    private static ManagedChannel channel(String address) {
        return Grpc.newChannelBuilder(address, InsecureChannelCredentials.create())
                .intercept(MetadataUtils.newAttachHeadersInterceptor(headers(System.getenv("DARKROOM_API_KEY"))))
                .build();
    }

    private static Metadata headers(@Nullable String apiKey) {
        Metadata headers = new Metadata();
        Given.use(apiKey, key -> headers.put(AUTHORIZATION, "Bearer " + key));
        return headers;
    }
}
