// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.longrunning.DeleteOperationRequest;
import com.google.longrunning.ListOperationsRequest;
import com.google.longrunning.ListOperationsResponse;
import com.google.longrunning.Operation;
import com.google.protobuf.ByteString;
import dev.darkroom.gateway.v1.CaptionImagesRequest;
import dev.darkroom.gateway.v1.CaptionImagesResponse;
import dev.darkroom.gateway.v1.EstimateGenerationRequest;
import dev.darkroom.gateway.v1.EstimateGenerationResponse;
import dev.darkroom.gateway.v1.GenerateImagesRequest;
import dev.darkroom.gateway.v1.GenerateImagesResponse;
import dev.darkroom.gateway.v1.JobKind;
import dev.darkroom.gateway.v1.JobState;
import dev.darkroom.gateway.v1.OperationMetadata;
import dev.darkroom.gateway.v1.StoredImage;
import dev.darkroom.gateway.v1.UpscaleImageRequest;
import dev.darkroom.gateway.v1.UpscaleImageResponse;
import dev.darkroom.gateway.v1.WatchOperationRequest;
import dev.darkroom.gateway.v1.WatchOperationResponse;
import dev.darkroom.gateway.v1.WatchOperationResponse.EventCase;
import dev.darkroom.rpc.ErrorDetails;
import dev.darkroom.rpc.Violation;
import dev.darkroom.safety.v1.OutputVerdict;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Jobs at one gateway, as their tenant sees them. */
@Timeout(60)
final class JobTest {
    private static final int LASTING_STEPS = 99;

    private final TestingGateway gateway = TestingGateway.withCaptions();
    private final TestingJobs jobs = new TestingJobs(gateway.channel);

    JobTest() {
        gateway.textToImage.hanging = request -> request.getParameters().getNumInferenceSteps() == LASTING_STEPS;
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    @Test
    void generateImages_twoPictures_keepsThemAndSaysHowTheyWereMade() {
        GenerateImagesRequest.Builder request = TestingJobs.picture(7);
        request.getParametersBuilder().setNumImagesPerPrompt(2);

        Operation submitted = jobs.submit(request);
        Operation ended = jobs.end(submitted.getName());

        GenerateImagesResponse response = TestingJobs.images(ended);
        assertThat(response.getImagesList())
                .hasSize(2)
                .allSatisfy(
                        image -> assertThat(image.getOutputVerdict()).isEqualTo(OutputVerdict.OUTPUT_VERDICT_ALLOWED));
        assertThat(jobs.read(response.getImages(0).getArtifact()))
                .isEqualTo(TestingTextToImageService.pixels(7, gateway.textToImage.imageBytes));
        assertThat(jobs.read(response.getImages(1).getArtifact()))
                .isEqualTo(TestingTextToImageService.pixels(8, gateway.textToImage.imageBytes));
        assertThat(response.getCompleted().getParameters().getNumInferenceSteps())
                .isEqualTo(4);
        OperationMetadata metadata = TestingJobs.metadata(ended);
        assertThat(metadata.getKind()).isEqualTo(JobKind.JOB_KIND_GENERATE_IMAGES);
        assertThat(metadata.getState()).isEqualTo(JobState.JOB_STATE_SUCCEEDED);
        assertThat(metadata.getAttempts()).isEqualTo(1);
        assertThat(metadata.hasStartTime()).isTrue();
        assertThat(metadata.getExpireTime().getSeconds() - metadata.getEndTime().getSeconds())
                .isEqualTo(TimeUnit.DAYS.toSeconds(7));
    }

    @Test
    void generateImages_blockedPicture_isKeptWithoutPixels() {
        gateway.safety.depicted.put(
                ByteString.copyFrom(TestingTextToImageService.pixels(7, gateway.textToImage.imageBytes)), "weapons");

        StoredImage image = TestingJobs.images(
                        jobs.end(jobs.submit(TestingJobs.picture(7)).getName()))
                .getImages(0);

        assertThat(image.getOutputVerdict()).isEqualTo(OutputVerdict.OUTPUT_VERDICT_BLOCKED);
        assertThat(image.getCategoriesList()).containsExactly("weapons");
        assertThat(image.getArtifact()).isEmpty();
    }

    @Test
    void generateImages_withoutSeed_tellsTheOneThatWasDrawn() {
        GenerateImagesRequest.Builder request = TestingJobs.picture(7);
        request.getParametersBuilder().clearSeed();

        GenerateImagesResponse response =
                TestingJobs.images(jobs.end(jobs.submit(request).getName()));

        assertThat(response.getCompleted().getParameters().hasSeed()).isTrue();
        assertThat(jobs.read(response.getImages(0).getArtifact()))
                .isEqualTo(TestingTextToImageService.pixels(
                        response.getCompleted().getParameters().getSeed(), gateway.textToImage.imageBytes));
    }

    @Test
    void generateImages_blockedPrompt_isRefusedAndNotStored() {
        GenerateImagesRequest.Builder request = TestingJobs.picture(7);
        request.getParametersBuilder().setPrompt("a sword");

        ErrorDetails refused = TestingJobs.failure(() -> jobs.submit(request));

        assertThat(refused.reason()).isEqualTo("PROMPT_BLOCKED");
        assertThat(list("").getOperationsList()).isEmpty();
    }

    @Test
    void generateImages_badFields_areAllNamedAndNothingIsStored() {
        GenerateImagesRequest.Builder request = TestingJobs.picture(7);
        request.getParametersBuilder().setPrompt("").setNumInferenceSteps(1_000);
        request.getOptionsBuilder()
                .setPriority(11)
                .setRequestId("a\nb")
                .putLabels("Not a key", "x")
                .setTtl(com.google.protobuf.Duration.newBuilder().setSeconds(1));

        ErrorDetails refused = TestingJobs.failure(() -> jobs.submit(request));

        assertThat(refused.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(refused.violations())
                .extracting(Violation::field)
                .containsExactlyInAnyOrder(
                        "options.request_id",
                        "options.priority",
                        "options.ttl",
                        "options.labels",
                        "parameters.prompt",
                        "parameters.num_inference_steps");
        assertThat(list("").getOperationsList()).isEmpty();
    }

    @Test
    void generateImages_unknownModel_isNotFound() {
        GenerateImagesRequest.Builder request = TestingJobs.picture(7);
        request.getParametersBuilder().setModel("silence");

        assertThat(TestingJobs.failure(() -> jobs.submit(request)).reason()).isEqualTo("MODEL_UNKNOWN");
    }

    @Test
    void generateImages_validateOnly_checksAndStoresNothing() {
        GenerateImagesRequest.Builder request = TestingJobs.picture(7);
        request.getOptionsBuilder().setValidateOnly(true).putLabels("campaign", "x");

        Operation checked = jobs.submit(request);

        assertThat(checked.getName()).isEmpty();
        assertThat(TestingJobs.metadata(checked).getLabelsMap()).containsEntry("campaign", "x");
        assertThat(list("").getOperationsList()).isEmpty();
    }

    @Test
    void upscaleImage_picture_keepsTheLargerOne() throws Exception {
        ByteString picture = ByteString.copyFrom(TestingTextToImageService.pixels(1, 500));
        UpscaleImageRequest.Builder request = UpscaleImageRequest.newBuilder().setImage(picture);
        request.getParametersBuilder().setSeed(5);

        Operation ended =
                jobs.end(jobs.generation().upscaleImage(request.build()).getName());

        UpscaleImageResponse response = ended.getResponse().unpack(UpscaleImageResponse.class);
        assertThat(jobs.read(response.getImage().getArtifact()))
                .isEqualTo(TestingTextToImageService.enlarged(picture, 5, gateway.textToImage.imageBytes));
        assertThat(response.getCompleted().getParameters().getModel()).isEqualTo("louder-noise");
    }

    @Test
    void captionImages_oneOfThreeBlocked_describesTheOthers() throws Exception {
        List<ByteString> pictures = Stream.of(1, 2, 3)
                .map(seed -> ByteString.copyFrom(TestingTextToImageService.pixels(seed, 500)))
                .toList();
        gateway.safety.depicted.put(pictures.get(1), "weapons");

        Operation ended = jobs.end(jobs.generation()
                .captionImages(
                        CaptionImagesRequest.newBuilder().addAllImages(pictures).build())
                .getName());

        CaptionImagesResponse response = ended.getResponse().unpack(CaptionImagesResponse.class);
        assertThat(response.getImagesList()).hasSize(3);
        assertThat(response.getImages(0).hasCaption()).isTrue();
        assertThat(response.getImages(1).getError().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT.value());
        assertThat(response.getImages(2).hasCaption()).isTrue();
    }

    @Test
    void watch_fromTheStartAndFromTheMiddle_tellsTheSameEvents() {
        String name = jobs.submit(TestingJobs.picture(7)).getName();

        List<WatchOperationResponse> all = jobs.watch(name, 0);

        assertThat(all)
                .extracting(WatchOperationResponse::getSequence)
                .isSorted()
                .doesNotHaveDuplicates();
        assertThat(all)
                .extracting(WatchOperationResponse::getEventCase)
                .startsWith(EventCase.ATTEMPT_STARTED)
                .contains(EventCase.STAGE_STARTED, EventCase.STEP_COMPLETED, EventCase.IMAGE)
                .endsWith(EventCase.DONE);
        assertThat(all.getLast().getDone()).isEqualTo(jobs.get(name));
        long middle = all.get(all.size() / 2).getSequence();
        assertThat(jobs.watch(name, middle))
                .isEqualTo(all.stream()
                        .filter(event -> event.getSequence() > middle)
                        .toList());
        assertThat(jobs.watch(name, all.getLast().getSequence())).isEmpty();
    }

    /** Test 10 of the contract: idempotency. */
    @Test
    void generateImages_oneRequestIdFromManyThreads_isOneJob() throws Exception {
        int calls = 200;
        GenerateImagesRequest.Builder request = TestingJobs.picture(7);
        request.getOptionsBuilder().setRequestId(UUID.randomUUID().toString());
        GenerateImagesRequest repeated = request.build();

        List<String> names = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(50)) {
            List<Callable<String>> submissions = IntStream.range(0, calls)
                    .<Callable<String>>mapToObj(_ ->
                            () -> jobs.generation().generateImages(repeated).getName())
                    .toList();
            for (Future<String> name : threads.invokeAll(submissions)) {
                names.add(name.get());
            }
        }

        assertThat(names).hasSize(calls).containsOnly(names.getFirst());
        assertThat(list("").getOperationsList()).hasSize(1);
        jobs.end(names.getFirst());
        assertThat(gateway.textToImage.calls).hasSize(1);
        request.getParametersBuilder().setPrompt("a hare");
        ErrorDetails conflict = TestingJobs.failure(() -> jobs.submit(request));
        assertThat(conflict.code()).isEqualTo(Status.Code.ALREADY_EXISTS);
        assertThat(conflict.metadata()).containsEntry("field", "options.request_id");
    }

    @Test
    void get_unknownName_isNotFoundAndNeverDone() {
        for (String name : List.of("", "operations/", "operations/" + UUID.randomUUID(), "jobs/1", "operations/../x")) {
            ErrorDetails unknown = TestingJobs.failure(() -> jobs.get(name));
            assertThat(unknown.code()).isEqualTo(Status.Code.NOT_FOUND);
            assertThat(unknown.reason()).isEqualTo("OPERATION_UNKNOWN");
        }
    }

    /** Test 12 of the contract: cancel. */
    @Test
    void cancel_runningJob_stopsTheWorkerAndLeavesNeighboursAlone() throws Exception {
        String cancelled = jobs.submit(lasting(1)).getName();
        String neighbour = jobs.submit(lasting(2)).getName();
        TestingTextToImageService.Call first = gateway.textToImage.calls.take();
        TestingTextToImageService.Call second = gateway.textToImage.calls.take();
        TestingTextToImageService.Call stopped = first.request.getParameters().getSeed() == 1 ? first : second;

        jobs.cancel(cancelled);
        jobs.cancel(cancelled);

        assertThat(stopped.cancelled.await(2, TimeUnit.SECONDS)).isTrue();
        Operation ended = jobs.end(cancelled);
        assertThat(TestingJobs.error(ended).code()).isEqualTo(Status.Code.CANCELLED);
        assertThat(TestingJobs.metadata(ended).getState()).isEqualTo(JobState.JOB_STATE_CANCELLED);
        assertThat(jobs.get(neighbour).getDone()).isFalse();
        assertThat((stopped == first ? second : first).cancelled.getCount()).isEqualTo(1);
    }

    @Test
    void cancel_jobThatHasEnded_changesNothing() {
        String name = jobs.submit(TestingJobs.picture(7)).getName();
        Operation ended = jobs.end(name);

        jobs.cancel(name);

        assertThat(jobs.get(name)).isEqualTo(ended);
    }

    /** Test 13 of the contract: a client that goes away. */
    @Test
    void watch_callerGoesAway_jobGoesOn() throws Exception {
        gateway.textToImage.hanging = _ -> false;
        String name = jobs.submit(TestingJobs.picture(7)).getName();
        Context.CancellableContext watching = Context.current().withCancellation();
        watching.run(() -> jobs.generation()
                .watchOperation(WatchOperationRequest.newBuilder().setName(name).build())
                .next());
        watching.cancel(null);

        assertThat(TestingJobs.images(jobs.end(name)).getImagesCount()).isEqualTo(1);
    }

    @Test
    void delete_jobThatHasEnded_takesItsPicturesAlong() {
        String name = jobs.submit(TestingJobs.picture(7)).getName();
        String artifact = TestingJobs.images(jobs.end(name)).getImages(0).getArtifact();

        jobs.operations()
                .deleteOperation(
                        DeleteOperationRequest.newBuilder().setName(name).build());

        assertThat(TestingJobs.failure(() -> jobs.get(name)).reason()).isEqualTo("OPERATION_UNKNOWN");
        untilUnreadable(artifact);
    }

    private void untilUnreadable(String artifact) {
        boolean there = true;
        while (there) {
            try {
                there = jobs.read(artifact).length > 0;
            } catch (StatusRuntimeException gone) {
                assertThat(ErrorDetails.of(gone).reason()).isEqualTo("ARTIFACT_UNKNOWN");
                there = false;
            }
            Thread.onSpinWait();
        }
    }

    @Test
    void list_filtersAndPages_newestFirst() {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            GenerateImagesRequest.Builder request = TestingJobs.picture(i);
            request.getOptionsBuilder().putLabels("run", i % 2 == 0 ? "even" : "odd_x");
            names.add(jobs.submit(request).getName());
        }
        names.forEach(jobs::end);

        ListOperationsResponse first = jobs.operations()
                .listOperations(
                        ListOperationsRequest.newBuilder().setPageSize(3).build());
        ListOperationsResponse second = jobs.operations()
                .listOperations(ListOperationsRequest.newBuilder()
                        .setPageSize(3)
                        .setPageToken(first.getNextPageToken())
                        .build());

        List<String> listed = Stream.of(first, second)
                .flatMap(page -> page.getOperationsList().stream())
                .map(Operation::getName)
                .toList();
        assertThat(listed).containsExactlyInAnyOrderElementsOf(names);
        assertThat(second.getNextPageToken()).isEmpty();
        assertThat(list("labels.run = even AND done = true AND state = SUCCEEDED")
                        .getOperationsList())
                .hasSize(3);
        assertThat(list("labels.run = \"odd_x\" AND kind = generate_images").getOperationsList())
                .hasSize(2);
        assertThat(list("labels.run = oddyx").getOperationsList()).isEmpty();
        assertThat(list("done = false").getOperationsList()).isEmpty();
        assertThat(list("create_time > \"2020-01-01T00:00:00Z\"").getOperationsList())
                .hasSize(5);
        ErrorDetails refused = TestingJobs.failure(() -> list("colour = red OR 1 = 1"));
        assertThat(refused.violations()).extracting(Violation::field).containsOnly("filter");
    }

    @Test
    void estimate_afterAJobOfTheShape_predictsFromWhatItTook() {
        GenerateImagesRequest.Builder request = TestingJobs.picture(7);
        EstimateGenerationRequest work = EstimateGenerationRequest.newBuilder()
                .setGenerateImages(request)
                .build();

        EstimateGenerationResponse before = jobs.generation().estimateGeneration(work);
        jobs.end(jobs.submit(request).getName());
        EstimateGenerationResponse after = jobs.generation().estimateGeneration(work);

        assertThat(before.hasRunTime()).isFalse();
        assertThat(before.getNumInferenceSteps()).isEqualTo(4);
        assertThat(after.hasRunTime()).isTrue();
        assertThat(after.getSamples()).isEqualTo(1);
        assertThat(after.hasQueueTime()).isTrue();
    }

    private static GenerateImagesRequest.Builder lasting(long seed) {
        GenerateImagesRequest.Builder request = TestingJobs.picture(seed);
        request.getParametersBuilder().setNumInferenceSteps(LASTING_STEPS);
        return request;
    }

    private ListOperationsResponse list(String filter) {
        return jobs.operations()
                .listOperations(
                        ListOperationsRequest.newBuilder().setFilter(filter).build());
    }
}
