// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.protobuf.ByteString;
import dev.darkroom.caption.v1.CaptionServiceGrpc;
import dev.darkroom.caption.v1.ScoreAlignmentRequest;
import dev.darkroom.rpc.ErrorDetails;
import dev.darkroom.safety.v1.CheckOutputRequest;
import dev.darkroom.safety.v1.SafetyServiceGrpc;
import dev.darkroom.text2image.v1.GenerateRequest;
import dev.darkroom.text2image.v1.ImageParameters;
import dev.darkroom.text2image.v1.TextToImageServiceGrpc;
import dev.darkroom.text2image.v1.UpscaleRequest;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.stub.MetadataUtils;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Nobody gets pixels that were not checked by asking the services behind the gateway. */
class BackendsTest {

    private static Services services;

    @BeforeAll
    static void start() {
        services = Services.start(new ServeOptions(0, Path.of("..", "models")));
    }

    @AfterAll
    static void stop() {
        services.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Bearer ", "Bearer guessed-guessed-guessed"})
    void generate_withoutTheGatewaysCredential_isRefused(String authorization) {
        assertRefused(
                "text2image-svc",
                authorization,
                channel -> TextToImageServiceGrpc.newBlockingStub(channel)
                        .generate(GenerateRequest.newBuilder()
                                .setParameters(ImageParameters.newBuilder().setPrompt("a fox"))
                                .build())
                        .forEachRemaining(_ -> {}));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Bearer ", "Bearer guessed-guessed-guessed"})
    void upscale_withoutTheGatewaysCredential_isRefused(String authorization) {
        assertRefused(
                "text2image-svc",
                authorization,
                channel -> TextToImageServiceGrpc.newBlockingStub(channel)
                        .upscale(UpscaleRequest.newBuilder()
                                .setImage(ByteString.copyFrom(TestingGateway.plain(64)))
                                .build())
                        .forEachRemaining(_ -> {}));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Bearer ", "Bearer guessed-guessed-guessed"})
    void checkOutput_withoutTheGatewaysCredential_isRefused(String authorization) {
        assertRefused("safety-svc", authorization, channel -> {
            var _ = SafetyServiceGrpc.newBlockingStub(channel).checkOutput(CheckOutputRequest.getDefaultInstance());
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Bearer ", "Bearer guessed-guessed-guessed"})
    void scoreAlignment_withoutTheGatewaysCredential_isRefused(String authorization) {
        assertRefused("caption-svc", authorization, channel -> {
            var _ = CaptionServiceGrpc.newBlockingStub(channel)
                    .scoreAlignment(ScoreAlignmentRequest.getDefaultInstance());
        });
    }

    private static void assertRefused(String service, String authorization, Call call) {
        Metadata headers = new Metadata();
        headers.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), authorization);
        ManagedChannel channel = Grpc.newChannelBuilder(
                        Objects.requireNonNull(services.addresses().get(service)), InsecureChannelCredentials.create())
                .intercept(MetadataUtils.newAttachHeadersInterceptor(headers))
                .build();
        try {
            ErrorDetails refusal = ErrorDetails.of(catchThrowable(() -> call.on(channel)));

            assertThat(refusal.code()).isEqualTo(Status.Code.UNAUTHENTICATED);
            assertThat(refusal.reason()).isEqualTo("CREDENTIAL_INVALID");
        } finally {
            channel.shutdownNow();
        }
    }

    /** A call that must fail. */
    private interface Call {
        void on(ManagedChannel channel);
    }
}
