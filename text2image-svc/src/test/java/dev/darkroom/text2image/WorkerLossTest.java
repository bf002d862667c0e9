// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.darkroom.media.v1.Checkpoint;
import dev.darkroom.text2image.TestingService.Generated;
import dev.darkroom.text2image.v1.GenerateRequest;
import dev.darkroom.text2image.v1.GenerateResponse;
import dev.darkroom.text2image.v1.TextToImageServiceGrpc;
import dev.darkroom.text2image.v1.TextToImageServiceGrpc.TextToImageServiceBlockingStub;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Status;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Workers as processes of their own, one of which is killed at work. On the shipped model. */
@Timeout(120)
final class WorkerLossTest {
    private static final String PROMPT = "a fox in the snow";

    @Test
    void generate_workerKilledAtWork_isFinishedByAnotherToTheByte() throws Exception {
        GenerateRequest request = GenerateRequest.newBuilder()
                .setParameters(TestingService.parameters(PROMPT)
                        .setScheduler("dpmpp_2m_sde")
                        .setNumInferenceSteps(50))
                .setCheckpointInterval(5)
                .build();
        Checkpoint last;
        try (Worker first = Worker.start()) {
            Iterator<GenerateResponse> events = first.stub().generate(request);
            last = checkpoint(events, 35);
            first.kill();
            Throwable lost = catchThrowable(() -> events.forEachRemaining(
                    event -> assertThat(event.hasCompleted()).isFalse()));
            assertThat(Status.fromThrowable(lost).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
        }
        try (Worker second = Worker.start()) {
            Generated resumed = Generated.collect(
                    second.stub().generate(request.toBuilder().addResume(last).build()));
            Generated undisturbed = Generated.collect(second.stub().generate(request));
            assertThat(resumed.picture()).isEqualTo(undisturbed.picture());
            assertThat(resumed.of(GenerateResponse.EventCase.CHECKPOINT))
                    .extracting(event -> event.getCheckpoint().getStep())
                    .containsExactly(40, 45);
            second.kill();
            assertThat(second.log())
                    .contains(
                            "resumed_after_step=35",
                            "checkpoint_bytes=" + last.getState().size())
                    .doesNotContain("fox");
        }
    }

    private static Checkpoint checkpoint(Iterator<GenerateResponse> events, int step) {
        while (true) {
            Checkpoint checkpoint = events.next().getCheckpoint();
            if (checkpoint.getStep() == step) {
                return checkpoint;
            }
        }
    }

    /** The service as a process, with a client connected. */
    private record Worker(Process process, BlockingQueue<String> lines, Thread reader, ManagedChannel channel)
            implements AutoCloseable {
        private static final Pattern SERVING = Pattern.compile("event=serving port=(\\d+)");

        static Worker start() throws IOException, InterruptedException {
            ProcessBuilder builder = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "--enable-native-access=ALL-UNNAMED",
                            "-Xmx512m",
                            Application.class.getName())
                    .redirectErrorStream(true);
            builder.environment()
                    .putAll(Map.of(
                            "CLASSPATH", System.getProperty("java.class.path"),
                            "DARKROOM_MODELS", "../models",
                            "DARKROOM_TEXT2IMAGE_MODELS", "pocket-unet",
                            "DARKROOM_TEXT2IMAGE_PROBE", "false",
                            "DARKROOM_TEXT2IMAGE_PORT", "0"));
            Process process = builder.start();
            BlockingQueue<String> lines = new LinkedBlockingQueue<>();
            Thread reader = Thread.ofVirtual().start(() -> readAll(process, lines));
            int port = port(lines);
            ManagedChannel channel = ManagedChannelBuilder.forAddress("127.0.0.1", port)
                    .usePlaintext()
                    .build();
            return new Worker(process, lines, reader, channel);
        }

        private static void readAll(Process process, BlockingQueue<String> lines) {
            try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
                out.lines().forEach(lines::add);
            } catch (IOException e) {
                lines.add(e.toString());
            }
        }

        private static int port(BlockingQueue<String> lines) throws InterruptedException {
            StringBuilder all = new StringBuilder();
            for (String line = lines.poll(60, TimeUnit.SECONDS);
                    line != null;
                    line = lines.poll(60, TimeUnit.SECONDS)) {
                Matcher serving = SERVING.matcher(line);
                if (serving.find()) {
                    return Integer.parseInt(serving.group(1));
                }
                all.append(line).append('\n');
            }
            throw new AssertionError("does not serve: " + all);
        }

        TextToImageServiceBlockingStub stub() {
            return TextToImageServiceGrpc.newBlockingStub(channel).withDeadlineAfter(60, TimeUnit.SECONDS);
        }

        /** Ends the process at once: SIGKILL. */
        void kill() {
            process.destroyForcibly().onExit().join();
        }

        /** Returns what it logged since it serves; to be asked when it has ended. */
        String log() throws InterruptedException {
            reader.join();
            return String.join("\n", lines);
        }

        @Override
        public void close() {
            channel.shutdownNow();
            kill();
        }
    }
}
