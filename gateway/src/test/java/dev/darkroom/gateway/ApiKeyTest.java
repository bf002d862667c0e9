// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.protobuf.ByteString;
import dev.darkroom.conformance.LogCapture;
import dev.darkroom.gateway.v1.GenerationServiceGrpc.GenerationServiceBlockingStub;
import dev.darkroom.gateway.v1.ListModelsRequest;
import dev.darkroom.gateway.v1.ModelServiceGrpc;
import dev.darkroom.gateway.v1.StreamGenerateImagesResponse;
import dev.darkroom.rpc.ErrorDetails;
import dev.darkroom.safety.v1.OutputVerdict;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.MetadataUtils;
import io.micronaut.context.exceptions.ConfigurationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may call a gateway that has keys, and under which policies. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ApiKeyTest {
    private static final String ALICE = "alice-has-this-key-0123456789";
    private static final String BOB = "bob-has-this-key-0123456789";
    private static final String CAROL = "carol-has-this-key-0123456789";

    private TestingGateway gateway;

    @BeforeAll
    void start(@TempDir Path folder) throws IOException {
        Path bob = Files.writeString(folder.resolve("bob"), BOB + "\n");
        gateway = new TestingGateway(Map.of(
                "darkroom.gateway.api-keys.alice.sha256", ApiKey.sha256Of(ALICE),
                "darkroom.gateway.api-keys.bob.file", bob.toString(),
                "darkroom.gateway.api-keys.bob.safety-policy", "strict",
                "darkroom.gateway.api-keys.carol.sha256", ApiKey.sha256Of(CAROL),
                "darkroom.gateway.api-keys.carol.safety-policy", "lax"));
    }

    @AfterAll
    void stop() {
        gateway.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"Bearer " + ALICE, "bearer " + BOB, "Bearer  " + ALICE + " "})
    void call_withAKey_isServed(String authorization) {
        assertThat(generate(authorization, "a fox", "").getLast().hasCompleted())
                .isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "Bearer",
                "Bearer ",
                "Bearer alice",
                "Bearer " + ALICE + "x",
                "Basic " + ALICE,
                ALICE,
                "Bearer " + TestingGateway.TOKEN
            })
    void call_withoutAValidKey_isUnauthenticatedBeforeAnything(String authorization) {
        int before = gateway.safety.calls.get();

        Throwable failure = catchThrowable(() -> generate(authorization, "a fox", ""));

        assertThat(ErrorDetails.of(failure).code()).isEqualTo(Status.Code.UNAUTHENTICATED);
        assertThat(ErrorDetails.of(failure).reason()).isEqualTo("API_KEY_INVALID");
        assertThat(gateway.safety.calls).hasValue(before);
    }

    @Test
    void listModels_withoutAKey_isUnauthenticated() {
        Throwable failure = catchThrowable(() ->
                ModelServiceGrpc.newBlockingStub(gateway.channel).listModels(ListModelsRequest.getDefaultInstance()));

        assertThat(ErrorDetails.of(failure).code()).isEqualTo(Status.Code.UNAUTHENTICATED);
    }

    @Test
    void health_withoutAKey_answers() {
        assertThat(HealthGrpc.newBlockingStub(gateway.channel)
                        .check(HealthCheckRequest.getDefaultInstance())
                        .getStatus())
                .isEqualTo(ServingStatus.SERVING);
    }

    @Test
    void log_ofAnyOutcome_namesTheKeyAndNeverHoldsIt() {
        List<String> lines;
        try (LogCapture log = new LogCapture()) {
            generate("Bearer " + ALICE, "a fox", "");
            Throwable refusal = catchThrowable(() -> generate("Bearer " + ALICE + "x", "a fox", ""));
            assertThat(ErrorDetails.of(refusal).reason()).isEqualTo("API_KEY_INVALID");
            log.await(line -> line.contains("code=OK"), Duration.ofSeconds(10)); // comes after the answer
            lines = log.lines();
        }

        assertThat(lines).anyMatch(line -> line.contains("code=OK") && line.contains("api_key=alice"));
        assertThat(lines).noneMatch(line -> line.contains(ALICE) || line.contains(ApiKey.sha256Of(ALICE)));
    }

    /** A ghost is flagged by the server and blocked by "strict"; a sword is blocked by the server; "lax" would block nothing. */
    @ParameterizedTest(name = "key {0}, request \"{1}\"")
    @CsvSource({
        "alice, '', FLAGGED",
        "alice, lax, FLAGGED",
        "alice, strict, BLOCKED",
        "bob, '', BLOCKED",
        "bob, lax, BLOCKED",
        "bob, strict, BLOCKED",
        "carol, '', FLAGGED",
        "carol, lax, FLAGGED",
        "carol, strict, BLOCKED",
        "carol, default, FLAGGED"
    })
    void policies_anyCombination_isNeverLooserThanTheServers(String caller, String policy, String ghost) {
        String authorization =
                "Bearer " + Map.of("alice", ALICE, "bob", BOB, "carol", CAROL).get(caller);
        gateway.safety.depicted.put(drawn(21), "weapons");
        gateway.safety.depicted.put(drawn(22), "fright");

        Throwable sword = catchThrowable(() -> generate(authorization, "a sword", policy));
        Throwable ghostly = catchThrowable(() -> generate(authorization, "a ghost", policy));
        OutputVerdict swordSeen = verdict(generate(authorization, "a fox", policy, 21));
        OutputVerdict ghostSeen = verdict(generate(authorization, "a fox", policy, 22));

        assertThat(ErrorDetails.of(sword).reason()).isEqualTo("PROMPT_BLOCKED");
        assertThat(swordSeen).isEqualTo(OutputVerdict.OUTPUT_VERDICT_BLOCKED);
        assertThat(ghostSeen).isEqualTo(OutputVerdict.valueOf("OUTPUT_VERDICT_" + ghost));
        assertThat(ghostly != null).isEqualTo(ghost.equals("BLOCKED"));
    }

    @Test
    void policies_ofKeyAndRequest_reachBothChecks() {
        gateway.safety.promptPolicies.clear();
        gateway.safety.pictures.clear();

        generate("Bearer " + BOB, "a fox", "lax");

        assertThat(gateway.safety.promptPolicies).containsExactly(List.of("strict", "lax"));
        assertThat(gateway.safety.pictures)
                .hasSize(1)
                .allSatisfy(picture -> assertThat(picture.getPoliciesList()).containsExactly("strict", "lax"));
    }

    /** What Micronaut makes of DARKROOM_GATEWAY_API_KEYS_FRONT_DESK_SHA256 and ..._SAFETY_POLICY. */
    @Test
    void all_ofEnvironmentVariables_findsEachKeyOnce() {
        Map<String, Object> properties = Map.of(
                "front.desk.sha256",
                "0",
                "front-desk.sha256",
                "0",
                "front.desk-sha256",
                "0",
                "front-desk-sha256",
                "0",
                "front-desk.safety.policy",
                "strict",
                "front-desk.safety-policy",
                "strict",
                "front.desk.safety-policy",
                "strict");

        assertThat(ApiKey.all(properties)).containsExactly(new ApiKey("front-desk", "0", null, "strict"));
    }

    @Test
    void all_propertiesWithoutAKey_isRefused() {
        assertThat(ApiKey.all(Map.of())).isEmpty();
        assertThatExceptionOfType(ConfigurationException.class)
                .isThrownBy(() -> ApiKey.all(Map.of("alice.sha265", "0")))
                .withMessageContaining("darkroom.gateway.api-keys is set");
    }

    @Test
    void apiKey_neitherOrBothSources_namesTheKeys() {
        assertThatExceptionOfType(ConfigurationException.class)
                .isThrownBy(() -> new ApiKey("alice", null, null, "").digest())
                .withMessageContaining("darkroom.gateway.api-keys.alice.sha256");
        assertThatExceptionOfType(ConfigurationException.class)
                .isThrownBy(() -> new ApiKey("alice", "0".repeat(64), Path.of("key"), "").digest());
    }

    @Test
    void apiKey_digestThatIsNone_isRefused() {
        assertThatExceptionOfType(ConfigurationException.class)
                .isThrownBy(() -> new ApiKey("alice", ALICE, null, "").digest())
                .withMessage("darkroom.gateway.api-keys.alice.sha256 must be 64 hexadecimal digits");
    }

    @Test
    void apiKey_fileThatIsTooShortOrMissing_isRefusedByName(@TempDir Path folder) throws IOException {
        Path empty = Files.writeString(folder.resolve("empty"), "\n");

        assertThatExceptionOfType(ConfigurationException.class)
                .isThrownBy(() -> new ApiKey("alice", null, empty, "").digest())
                .withMessageContaining("at least 16 characters");
        assertThatExceptionOfType(ConfigurationException.class)
                .isThrownBy(() -> new ApiKey("alice", null, folder.resolve("none"), "").digest())
                .withMessageContaining("Cannot read darkroom.gateway.api-keys.alice.file");
    }

    private List<StreamGenerateImagesResponse> generate(String authorization, String prompt, String policy) {
        return generate(authorization, prompt, policy, 7);
    }

    private List<StreamGenerateImagesResponse> generate(String authorization, String prompt, String policy, long seed) {
        var request = TestingGateway.request(prompt).toBuilder().setSafetyPolicy(policy);
        request.getParametersBuilder().setSeed(seed);
        List<StreamGenerateImagesResponse> events = new ArrayList<>();
        as(authorization).streamGenerateImages(request.build()).forEachRemaining(events::add);
        return events;
    }

    private GenerationServiceBlockingStub as(String authorization) {
        Metadata headers = new Metadata();
        headers.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), authorization);
        return gateway.stub().withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
    }

    private static OutputVerdict verdict(List<StreamGenerateImagesResponse> events) {
        return events.stream()
                .filter(StreamGenerateImagesResponse::hasImage)
                .findFirst()
                .orElseThrow()
                .getImage()
                .getOutputVerdict();
    }

    private ByteString drawn(long seed) {
        return ByteString.copyFrom(TestingTextToImageService.pixels(seed, gateway.textToImage.imageBytes));
    }
}
