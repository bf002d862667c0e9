// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.darkroom.safety.v1.CheckPromptRequest;
import dev.darkroom.safety.v1.SafetyServiceGrpc;
import dev.darkroom.text2image.v1.ListModelsRequest;
import dev.darkroom.text2image.v1.TextToImageServiceGrpc;
import io.grpc.BindableService;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.micronaut.context.exceptions.ConfigurationException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class ServiceApplicationTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    @Test
    void start_twoServicesInOneJvm_eachSeesOnlyItsOwnBeansAndConfiguration() {
        try (ServiceApplication alpha = ServiceApplication.named("alpha-svc").start();
                ServiceApplication beta = ServiceApplication.named("beta-svc").start()) {
            alpha.awaitReady(SOON);
            beta.awaitReady(SOON);

            assertThat(services(alpha))
                    .containsExactlyInAnyOrder(SafetyServiceGrpc.SERVICE_NAME, "grpc.reflection.v1.ServerReflection");
            assertThat(services(beta))
                    .containsExactlyInAnyOrder(
                            TextToImageServiceGrpc.SERVICE_NAME, "grpc.reflection.v1.ServerReflection");
            ManagedChannel toAlpha = channel(alpha);
            ManagedChannel toBeta = channel(beta);
            try {
                assertThat(SafetyServiceGrpc.newBlockingStub(toAlpha)
                                .checkPrompt(CheckPromptRequest.getDefaultInstance())
                                .getPolicies(0)
                                .getName())
                        .isEqualTo("from alpha");
                assertThat(TextToImageServiceGrpc.newBlockingStub(toBeta)
                                .listModels(ListModelsRequest.getDefaultInstance())
                                .getModels(0)
                                .getName())
                        .isEqualTo("from beta");
                assertThatThrownBy(() -> TextToImageServiceGrpc.newBlockingStub(toAlpha)
                                .listModels(ListModelsRequest.getDefaultInstance()))
                        .hasMessageContaining("UNIMPLEMENTED");
            } finally {
                toAlpha.shutdownNow();
                toBeta.shutdownNow();
            }
        }
    }

    @Test
    void start_withoutTokenBeyondThisMachine_isRefused() {
        ServiceApplication.Builder open = ServiceApplication.named("alpha-svc").property("grpc.server.host", "0.0.0.0");

        assertThatThrownBy(open::start)
                .hasRootCauseInstanceOf(ConfigurationException.class)
                .rootCause()
                .hasMessageContaining("DARKROOM_BACKEND_TOKEN");
        open.property("darkroom.backend-token", "0123456789abcdef").start().close();
        ServiceApplication.named("alpha-svc")
                .property("grpc.server.host", "0.0.0.0")
                .property("darkroom.rpc.callers", "ANYONE")
                .start()
                .close();
    }

    @Test
    void start_preparationFails_neverServes() {
        Preparation failing = () -> {
            throw new IllegalStateException("no such folder");
        };
        try (ServiceApplication alpha =
                ServiceApplication.named("alpha-svc").singletons(failing).start()) {
            assertThatThrownBy(() -> alpha.awaitReady(SOON)).hasRootCauseMessage("no such folder");
            assertThat(alpha.context().getBean(Readiness.class).isReady()).isFalse();
        }
    }

    @Test
    void arguments_ofTheCommandLine_overrideTheFile() {
        try (ServiceApplication alpha = ServiceApplication.named("alpha-svc")
                .arguments("--greeting=hello")
                .start()) {
            assertThat(alpha.context().getRequiredProperty("greeting", String.class))
                    .isEqualTo("hello");
        }
    }

    @Test
    void close_workOutlastsTheDrainTimeout_isCancelledAndEndsBeforeTheBeansGo() throws Exception {
        CountDownLatch working = new CountDownLatch(1);
        CompletableFuture<Boolean> contextRanWhenWorkEnded = new CompletableFuture<>();
        CompletableFuture<ServiceApplication> itself = new CompletableFuture<>();
        TestingGenerator endless = new TestingGenerator(stream -> {
            working.countDown();
            while (!stream.isCancelled()) {
                LockSupport.parkNanos(1_000_000);
            }
            contextRanWhenWorkEnded.complete(itself.get().context().isRunning());
        });
        ServiceApplication application = ServiceApplication.named("gamma-svc")
                .property("grpc.server.host", "127.0.0.1")
                .property("grpc.server.port", 0)
                .property("darkroom.rpc.drain-timeout", "100ms")
                .singletons(endless)
                .start();
        itself.complete(application);
        application.awaitReady(SOON);
        ManagedChannel channel = channel(application);
        try {
            TestingReader reader = new TestingReader(channel).read(1);
            assertThat(working.await(20, TimeUnit.SECONDS)).isTrue();

            application.close();

            assertThat(contextRanWhenWorkEnded).isCompletedWithValue(true);
            assertThat(reader.awaitEnd()).isIn(Status.Code.CANCELLED, Status.Code.UNAVAILABLE);
        } finally {
            channel.shutdownNow();
        }
    }

    @Test
    void call_stringIsNotUtf8_isInvalidArgument() {
        // Field 1 of CheckPromptRequest, a lone surrogate in CESU-8.
        byte[] request = {0x0a, 3, (byte) 0xed, (byte) 0xa0, (byte) 0x80};
        try (ServiceApplication alpha = ServiceApplication.named("alpha-svc").start()) {
            alpha.awaitReady(SOON);
            ManagedChannel channel = channel(alpha);
            try {
                assertThatThrownBy(() -> ClientCalls.blockingUnaryCall(channel, raw(), CallOptions.DEFAULT, request))
                        .extracting(ErrorDetails::of)
                        .returns(Status.Code.INVALID_ARGUMENT, ErrorDetails::code)
                        .returns("REQUEST_MALFORMED", ErrorDetails::reason);
            } finally {
                channel.shutdownNow();
            }
        }
    }

    private static MethodDescriptor<byte[], byte[]> raw() {
        return SafetyServiceGrpc.getCheckPromptMethod().toBuilder(Bytes.MARSHALLER, Bytes.MARSHALLER)
                .build();
    }

    private enum Bytes implements MethodDescriptor.Marshaller<byte[]> {
        MARSHALLER;

        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static List<String> services(ServiceApplication application) {
        return application.context().getBeansOfType(BindableService.class).stream()
                .map(service -> service.bindService().getServiceDescriptor().getName())
                .toList();
    }

    private static ManagedChannel channel(ServiceApplication application) {
        return NettyChannelBuilder.forAddress("127.0.0.1", application.port())
                .usePlaintext()
                .build();
    }
}
