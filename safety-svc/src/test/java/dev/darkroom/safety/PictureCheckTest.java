// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.tuple;

import com.google.protobuf.ByteString;
import dev.darkroom.conformance.LogCapture;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.image.PngWriter;
import dev.darkroom.inference.image.Resampling;
import dev.darkroom.inference.image.Resize;
import dev.darkroom.inference.onnx.LiveHandles;
import dev.darkroom.rpc.ErrorDetails;
import dev.darkroom.rpc.ServiceApplication;
import dev.darkroom.rpc.Violation;
import dev.darkroom.safety.v1.Action;
import dev.darkroom.safety.v1.CheckOutputRequest;
import dev.darkroom.safety.v1.CheckOutputResponse;
import dev.darkroom.safety.v1.OutputFinding;
import dev.darkroom.safety.v1.OutputVerdict;
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
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The real service with a real, tiny model: disc is a weapon, stripes are tobacco, the square is alcohol, and the slope is nothing. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PictureCheckTest {

    private static final int SESSIONS = 2;
    private static final double THRESHOLD = 0.98;

    private ServiceApplication application;
    private ManagedChannel channel;
    private SafetyServiceBlockingStub safety;

    @BeforeAll
    void start(@TempDir Path temporary) throws IOException {
        assertThat(LiveHandles.count()).isZero();
        TestingModel.in(temporary.resolve("pocket-clip"))
                .concept(TestingPictures.DISC, "weapons", THRESHOLD)
                .concept(TestingPictures.STRIPES, "tobacco", THRESHOLD)
                .concept(TestingPictures.SQUARE, "alcohol", THRESHOLD)
                .write();
        Path policies = Files.createDirectory(temporary.resolve("policies"));
        Files.writeString(policies.resolve("strict.yml"), """
                categories:
                  alcohol: {severity: medium, action: allow, output_action: flag}
                  tobacco: {severity: high, action: block}
                  weapons: {severity: low, action: allow}
                """);
        application = service(temporary, "auto")
                .property("darkroom.safety.policies-directory", policies.toString())
                .start();
        application.awaitReady(Duration.ofSeconds(30));
        channel = connect(application);
        safety = SafetyServiceGrpc.newBlockingStub(channel).withMaxInboundMessageSize(1 << 20);
    }

    @AfterAll
    void stop() {
        assertThat(LiveHandles.count()).isEqualTo(SESSIONS);
        channel.shutdownNow();
        application.close();
        assertThat(LiveHandles.count()).isZero();
    }

    private static ServiceApplication.Builder service(Path models, String model) {
        return ServiceApplication.named(Application.NAME)
                .property("grpc.server.port", 0)
                .property("darkroom.safety.output.models-directory", models.toString())
                .property("darkroom.safety.output.model", model)
                .property("darkroom.safety.output.threads", 1);
    }

    private static ManagedChannel connect(ServiceApplication to) {
        return ManagedChannelBuilder.forAddress("127.0.0.1", to.port())
                .usePlaintext()
                .build();
    }

    @Test
    void checkOutput_blockedConcept_isAnswerAndNoError() {
        CheckOutputResponse response = check(TestingPictures.DISC.png());

        assertThat(response.getVerdict()).isEqualTo(OutputVerdict.OUTPUT_VERDICT_BLOCKED);
        assertThat(response.getFindingsList()).hasSize(1);
        OutputFinding finding = response.getFindings(0);
        assertThat(finding.getConcept()).isEqualTo("DISC");
        assertThat(finding.getCategory()).isEqualTo("weapons");
        assertThat(finding.getSeverity()).isEqualTo(Severity.SEVERITY_HIGH);
        assertThat(finding.getAction()).isEqualTo(Action.ACTION_BLOCK);
        assertThat(finding.getScore()).isBetween(0.0199f, 0.0201f); // the picture is the concept: cosine 1
        assertThat(response.getModelDigest()).matches("[0-9a-f]{64}");
        assertThat(response.getPoliciesList()).extracting(UsedPolicy::getName).containsExactly("default");
    }

    @Test
    void checkOutput_flaggedConcept_isFlagged() {
        CheckOutputResponse response = check(TestingPictures.STRIPES.png());

        assertThat(response.getVerdict()).isEqualTo(OutputVerdict.OUTPUT_VERDICT_FLAGGED);
        assertThat(response.getFindingsList())
                .extracting(OutputFinding::getConcept, OutputFinding::getAction)
                .containsExactly(tuple("STRIPES", Action.ACTION_FLAG));
    }

    @Test
    void checkOutput_allowedOrNoConcept_isAllowed() {
        for (TestingPictures picture : List.of(TestingPictures.SQUARE, TestingPictures.SLOPE)) {
            CheckOutputResponse response = check(picture.png());
            assertThat(response.getVerdict()).isEqualTo(OutputVerdict.OUTPUT_VERDICT_ALLOWED);
            assertThat(response.getFindingsList()).isEmpty();
            assertThat(response.getModelDigest()).isNotEmpty();
        }
    }

    @Test
    void checkOutput_twoPolicies_theStricterCounts() {
        assertThat(check(TestingPictures.DISC.png(), "strict").getFindings(0))
                .extracting(OutputFinding::getAction, OutputFinding::getSeverity)
                .containsExactly(Action.ACTION_BLOCK, Severity.SEVERITY_HIGH);
        assertThat(check(TestingPictures.STRIPES.png(), "strict").getFindings(0))
                .extracting(OutputFinding::getAction, OutputFinding::getSeverity)
                .containsExactly(Action.ACTION_BLOCK, Severity.SEVERITY_HIGH);
        assertThat(check(TestingPictures.SQUARE.png(), "strict").getFindings(0))
                .extracting(OutputFinding::getAction, OutputFinding::getSeverity)
                .containsExactly(Action.ACTION_FLAG, Severity.SEVERITY_MEDIUM);
        assertThat(check(TestingPictures.SQUARE.png(), "strict", "default").getPoliciesList())
                .extracting(UsedPolicy::getName)
                .containsExactly("default", "strict");
    }

    @Test
    void checkOutput_otherFormats_areLookedAtToo() throws IOException {
        assertThat(check(TestingPictures.SQUARE.jpeg(), "strict").getFindingsList())
                .extracting(OutputFinding::getConcept)
                .containsExactly("SQUARE");
        byte[] webp = Files.readAllBytes(Path.of("../inference/src/test/resources/pictures/lossy.webp"));
        assertThat(check(webp).getVerdict()).isEqualTo(OutputVerdict.OUTPUT_VERDICT_ALLOWED);
    }

    /** 2048 pixels and more are reduced on the way in. */
    @Test
    void checkOutput_largePicture_showsTheSame() {
        byte[] large =
                PngWriter.encode(Resize.resize(TestingPictures.DISC.picture(), 2112, 2112, Resampling.BILINEAR), "");
        assertThat(check(large).getFindingsList())
                .extracting(OutputFinding::getConcept)
                .containsExactly("DISC");
    }

    @Test
    void checkOutput_notAPictureDamagedOrTooLarge_isRefusedWithTheReason() {
        assertThat(violation("heliotrope".getBytes(StandardCharsets.US_ASCII)))
                .isEqualTo(new Violation(
                        "image", "must be a PNG, JPEG, WebP, GIF, TIFF or BMP picture, but was something else"));
        byte[] png = TestingPictures.DISC.png();
        assertThat(violation(Arrays.copyOf(png, png.length - 20)))
                .isEqualTo(new Violation("image", "must be an intact PNG, but was damaged or cut off"));
        assertThat(violation(new byte[0]))
                .isEqualTo(new Violation("image", "must be 1 to 67108864 bytes long, but was 0"));
        assertThat(violation(PngWriter.encode(
                        Resize.resize(TestingPictures.DISC.picture(), 8193, 1, Resampling.BILINEAR), "")))
                .isEqualTo(new Violation("image", "must be 1 to 8192 pixels wide and high, but was 8193 x 1"));
    }

    @Test
    void checkOutput_unknownPolicy_isNotFoundAndNamesTheKnown() {
        ErrorDetails error = refusal(new byte[] {1}, "nobody");

        assertThat(error.code()).isEqualTo(Status.Code.NOT_FOUND);
        assertThat(error.reason()).isEqualTo("POLICY_UNKNOWN");
        assertThat(error.metadata()).containsEntry("known", "default,strict");
    }

    @Test
    void checkOutput_nothingAndTooManyPolicies_namesBoth() {
        String[] nine = new String[9];
        Arrays.fill(nine, "strict");
        assertThat(refusal(new byte[0], nine).violations())
                .extracting(Violation::field)
                .containsExactly("image", "policies");
    }

    @Test
    void checkOutput_anyPicture_leavesNoPixelsInLogs() {
        byte[] png = TestingPictures.DISC.png();
        byte[] damaged = Arrays.copyOf(png, png.length - 20);
        String base64 = Base64.getEncoder().encodeToString(png).substring(40, 60);
        String hex = HexFormat.of().formatHex(png).substring(120, 140);
        try (LogCapture log = new LogCapture()) {
            check(png);
            log.await(line -> line.contains("verdict=OUTPUT_VERDICT_BLOCKED"), Duration.ofSeconds(10));
            refusal(damaged);
            log.await(line -> line.contains("code=INVALID_ARGUMENT"), Duration.ofSeconds(10));
            assertThat(log.lines())
                    .noneMatch(line -> line.contains("IDAT") || line.contains("heliotrope"))
                    .noneMatch(line -> line.contains(base64) || line.contains(hex));
        }
    }

    @Test
    void checkOutput_noModel_isUnchecked(@TempDir Path empty) {
        for (String none : List.of("auto", "none", "")) {
            try (ServiceApplication unchecked = service(empty, none).start()) {
                unchecked.awaitReady(Duration.ofSeconds(30));
                ManagedChannel toUnchecked = connect(unchecked);
                CheckOutputResponse response =
                        SafetyServiceGrpc.newBlockingStub(toUnchecked).checkOutput(request(TestingPictures.DISC.png()));
                toUnchecked.shutdownNow();

                assertThat(response.getVerdict()).isEqualTo(OutputVerdict.OUTPUT_VERDICT_UNCHECKED);
                assertThat(response.getModelDigest()).isEmpty();
                assertThat(response.getPoliciesCount()).isEqualTo(1);
            }
        }
    }

    /** Nobody said that it may pass. */
    @Test
    void checkOutput_categoryThatNoPolicyHas_isBlocked(@TempDir Path models) throws IOException {
        TestingModel.in(models.resolve("mine"))
                .concept(TestingPictures.SLOPE, "slopes", THRESHOLD)
                .write();
        try (ServiceApplication mine = service(models, "mine").start()) {
            mine.awaitReady(Duration.ofSeconds(30));
            ManagedChannel toMine = connect(mine);
            CheckOutputResponse response =
                    SafetyServiceGrpc.newBlockingStub(toMine).checkOutput(request(TestingPictures.SLOPE.png()));
            toMine.shutdownNow();

            assertThat(response.getFindingsList())
                    .extracting(OutputFinding::getCategory, OutputFinding::getAction, OutputFinding::getSeverity)
                    .containsExactly(tuple("slopes", Action.ACTION_BLOCK, Severity.SEVERITY_HIGH));
        }
    }

    @Test
    void digest_otherConcepts_isAnother(@TempDir Path models) throws IOException {
        Path folder = TestingModel.in(models.resolve("mine"))
                .concept(TestingPictures.SLOPE, "slopes", THRESHOLD)
                .write();
        Path other = Files.writeString(
                models.resolve("other.json"),
                Files.readString(folder.resolve("concepts.json")).replace("0.98", "0.97"));
        assertThat(digest(models, "")).isEqualTo(digest(models, "")).isNotEqualTo(digest(models, other.toString()));
    }

    private static String digest(Path models, String concepts) {
        OutputConfiguration configuration = new OutputConfiguration(models, "mine", concepts, 64, 1000, 1);
        try (PictureCheck check = PictureCheck.load(configuration, models.resolve("mine"))) {
            return check.digest();
        }
    }

    @Test
    void awaitReady_namedModelMissing_isRefused(@TempDir Path models) {
        assertNotServing(service(models, "mine"), "expected a model folder, found nothing readable");
    }

    @Test
    void awaitReady_modelWithoutConcepts_isRefused(@TempDir Path models) throws IOException {
        TestingModel.in(models.resolve("pocket-clip"));
        assertNotServing(service(models, "auto"), "concepts.json: expected a readable file, found none");
    }

    @Test
    void awaitReady_modelThatDoesNotFit_isRefused(@TempDir Path models) throws IOException {
        Path folder = TestingModel.in(models.resolve("pocket-clip"))
                .concept(TestingPictures.DISC, "weapons", THRESHOLD)
                .write();
        Files.delete(folder.resolve("preprocessor_config.json"));
        assertNotServing(
                service(models, "auto"), "preprocessor: preprocessor_config.json: expected a file, found none");
    }

    private static void assertNotServing(ServiceApplication.Builder service, String words) {
        int before = LiveHandles.count();
        try (ServiceApplication broken = service.start()) {
            assertThatThrownBy(() -> broken.awaitReady(Duration.ofSeconds(30)))
                    .hasRootCauseInstanceOf(ModelDirectoryException.class)
                    .cause()
                    .isInstanceOf(ConfigurationException.class)
                    .hasMessageContaining(words);
            assertThat(LiveHandles.count()).isEqualTo(before);
        }
    }

    private CheckOutputResponse check(byte[] image, String... policies) {
        return safety.checkOutput(request(image, policies));
    }

    private Violation violation(byte[] image) {
        ErrorDetails error = refusal(image);
        assertThat(error.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(error.violations()).hasSize(1);
        return error.violations().getFirst();
    }

    private ErrorDetails refusal(byte[] image, String... policies) {
        return ErrorDetails.of(Objects.requireNonNull(
                catchThrowableOfType(StatusRuntimeException.class, () -> check(image, policies))));
    }

    private static CheckOutputRequest request(byte[] image, String... policies) {
        return CheckOutputRequest.newBuilder()
                .setImage(ByteString.copyFrom(image))
                .addAllPolicies(List.of(policies))
                .build();
    }
}
