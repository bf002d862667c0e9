// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A gateway in a process of its own, that can be killed. */
final class TestingGatewayProcess implements AutoCloseable {
    private static final Duration START = Duration.ofSeconds(60);
    private static final Pattern SERVING = Pattern.compile("event=serving port=(\\d+)");

    final ManagedChannel channel;
    private final Process process;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

    /** Returns when it serves. */
    static TestingGatewayProcess start(
            TestingUpstream textToImage, TestingUpstream safety, Path folder, Map<String, String> properties) {
        return new TestingGatewayProcess(launch(textToImage, safety, folder, properties));
    }

    /** Starts one that is meant to end by itself. */
    static Process launch(
            TestingUpstream textToImage, TestingUpstream safety, Path folder, Map<String, String> properties) {
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElse("java"),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx256m",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                Application.class.getName(),
                "--grpc.server.port=0",
                "--darkroom.gateway.data=" + folder,
                "--darkroom.backend-token=" + TestingGateway.TOKEN,
                "--darkroom.upstreams.text2image.address=" + textToImage.address(),
                "--darkroom.upstreams.safety.address=" + safety.address()));
        properties.forEach((key, value) -> command.add("--" + key + "=" + value));
        try {
            return new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private TestingGatewayProcess(Process process) {
        this.process = process;
        Thread.ofVirtual().start(this::readLines);
        channel = Grpc.newChannelBuilder("localhost:" + port(), InsecureChannelCredentials.create())
                .build();
    }

    private void readLines() {
        try (BufferedReader output = process.inputReader()) {
            output.lines().forEach(lines::add);
        } catch (IOException | UncheckedIOException _) {
            lines.add("the end of the output");
        }
    }

    private int port() {
        long end = System.nanoTime() + START.toNanos();
        StringBuilder said = new StringBuilder();
        try {
            while (System.nanoTime() < end) {
                String line = lines.poll(1, TimeUnit.SECONDS);
                Matcher serving = SERVING.matcher(line == null ? "" : line);
                if (serving.find()) {
                    return Integer.parseInt(serving.group(1));
                }
                said.append(line == null ? "" : line + "\n");
                if (line == null && !process.isAlive()) {
                    throw new AssertionError("The gateway ended: " + said);
                }
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        process.destroyForcibly();
        throw new AssertionError("The gateway did not serve within " + START + ": " + said);
    }

    /** SIGKILL: it writes and says nothing more. Returns when it is gone. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
        channel.shutdownNow();
    }

    /** SIGTERM; returns when it has ended. */
    @Override
    public void close() {
        channel.shutdownNow();
        process.destroy();
        try {
            if (!process.waitFor(START.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("The gateway did not end");
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
