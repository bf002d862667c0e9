// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.safety;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.tuple;

import dev.darkroom.rpc.ErrorDetails;
import dev.darkroom.rpc.ServiceApplication;
import dev.darkroom.rpc.Violation;
import dev.darkroom.safety.policy.PolicyException;
import dev.darkroom.safety.v1.Action;
import dev.darkroom.safety.v1.CheckPromptRequest;
import dev.darkroom.safety.v1.CheckPromptResponse;
import dev.darkroom.safety.v1.Finding;
import dev.darkroom.safety.v1.SafetyServiceGrpc;
import dev.darkroom.safety.v1.SafetyServiceGrpc.SafetyServiceBlockingStub;
import dev.darkroom.safety.v1.Severity;
import dev.darkroom.safety.v1.UsedPolicy;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.micronaut.context.exceptions.ConfigurationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The real service over a real port. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SafetyEndpointTest {

    private ServiceApplication application;
    private ManagedChannel channel;
    private SafetyServiceBlockingStub safety;

    @BeforeAll
    void start(@TempDir Path policies) throws IOException {
        Files.writeString(
                policies.resolve("pets.yml"), "categories:\n  pets: {severity: medium, action: flag, terms: [cat]}\n");
        application = service(policies).start();
        application.awaitReady(Duration.ofSeconds(30));
        channel = ManagedChannelBuilder.forAddress("127.0.0.1", application.port())
                .usePlaintext()
                .build();
        safety = SafetyServiceGrpc.newBlockingStub(channel);
    }

    @AfterAll
    void stop() {
        channel.shutdownNow();
        application.close();
    }

    private static ServiceApplication.Builder service(Path policies) {
        return ServiceApplication.named(Application.NAME)
                .property("grpc.server.port", 0)
                .property("darkroom.safety.policies-directory", policies.toString());
    }

    @Test
    void checkPrompt_blockedPrompt_isAnswerAndNoError() {
        CheckPromptResponse response = check("a knife on a plain red background", "");

        assertThat(response.getAction()).isEqualTo(Action.ACTION_BLOCK);
        assertThat(response.getPoliciesList()).extracting(UsedPolicy::getName).containsExactly("default");
        assertThat(response.getPolicies(0).getDigest()).matches("[0-9a-f]{64}");
        assertThat(response.getFindingsList())
                .containsExactly(Finding.newBuilder()
                        .setCategory("weapons")
                        .setSeverity(Severity.SEVERITY_HIGH)
                        .setAction(Action.ACTION_BLOCK)
                        .setField("prompt")
                        .setStart(2)
                        .setEnd(7)
                        .build());
    }

    @Test
    void checkPrompt_harmlessPrompt_isAllowed() {
        CheckPromptResponse response = check("a fox in the snow", "knife");

        assertThat(response.getAction()).isEqualTo(Action.ACTION_ALLOW);
        assertThat(response.getFindingsList()).isEmpty();
    }

    @Test
    void checkPrompt_otherPolicy_judgesBesideTheServersOwn() {
        CheckPromptResponse response = safety.checkPrompt(CheckPromptRequest.newBuilder()
                .setPrompt("a cat with a knife")
                .addPolicies("pets")
                .addPolicies("default")
                .addPolicies("pets")
                .build());

        assertThat(response.getAction()).isEqualTo(Action.ACTION_BLOCK);
        assertThat(response.getFindingsList())
                .extracting(Finding::getCategory, Finding::getAction)
                .containsExactly(tuple("pets", Action.ACTION_FLAG), tuple("weapons", Action.ACTION_BLOCK));
        assertThat(response.getPoliciesList()).extracting(UsedPolicy::getName).containsExactly("default", "pets");
    }

    @Test
    void checkPrompt_unknownPolicy_isNotFoundAndNamesTheKnown() {
        StatusRuntimeException refusal = refusal(CheckPromptRequest.newBuilder()
                .setPrompt("a fox")
                .addPolicies("pets")
                .addPolicies("nobody")
                .build());

        ErrorDetails details = ErrorDetails.of(refusal);
        assertThat(details.code()).isEqualTo(Status.Code.NOT_FOUND);
        assertThat(details.reason()).isEqualTo("POLICY_UNKNOWN");
        assertThat(details.metadata()).containsEntry("name", "nobody").containsEntry("known", "default,pets");
    }

    @Test
    void checkPrompt_tooManyPoliciesAndAnEmptyName_namesBoth() {
        CheckPromptRequest.Builder request =
                CheckPromptRequest.newBuilder().addPolicies("pets").addPolicies("");
        for (int i = 0; i < 7; i++) {
            request.addPolicies("pets");
        }

        assertThat(ErrorDetails.of(refusal(request.build())).violations())
                .containsExactly(
                        new Violation("policies", "must be at most 8 names, but was 9"),
                        new Violation("policies[1]", "must be 1 to 64 Unicode code points long, but was 0"));
    }

    @Test
    void checkPrompt_twoBadTexts_namesBothAndQuotesNeither() {
        StatusRuntimeException refusal = refusal(CheckPromptRequest.newBuilder()
                .setPrompt("heliotrope".repeat(801))
                .setNegativePrompt("heliotrope\0")
                .build());

        ErrorDetails details = ErrorDetails.of(refusal);
        assertThat(details.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(details.violations()).extracting(Violation::field).containsExactly("prompt", "negative_prompt");
        assertThat(refusal + " " + details).doesNotContain("heliotrope");
    }

    @Test
    void checkPrompt_longestTexts_areTaken() {
        assertThat(check("\uD83E\uDD8A".repeat(8_000), "n".repeat(8_000)).getAction())
                .isEqualTo(Action.ACTION_ALLOW);
    }

    @Test
    void awaitReady_brokenPolicy_isRefusedInItsWords(@TempDir Path policies) throws IOException {
        Files.writeString(policies.resolve("broken.yml"), "categories:\n  pets: {severity: low, action: blok}\n");

        try (ServiceApplication broken = service(policies).start()) {
            assertThatThrownBy(() -> broken.awaitReady(Duration.ofSeconds(30)))
                    .hasRootCauseInstanceOf(PolicyException.class)
                    .cause()
                    .isInstanceOf(ConfigurationException.class)
                    .hasMessageContaining("broken.yml, line 2: categories.pets.action");
        }
    }

    private CheckPromptResponse check(String prompt, String negativePrompt) {
        return safety.checkPrompt(CheckPromptRequest.newBuilder()
                .setPrompt(prompt)
                .setNegativePrompt(negativePrompt)
                .build());
    }

    private StatusRuntimeException refusal(CheckPromptRequest request) {
        return Objects.requireNonNull(
                catchThrowableOfType(StatusRuntimeException.class, () -> safety.checkPrompt(request)));
    }
}
