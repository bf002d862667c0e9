// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import dev.darkroom.bytestream.ByteStreamGrpc;
import dev.darkroom.bytestream.ByteStreamGrpc.ByteStreamBlockingStub;
import dev.darkroom.bytestream.QueryWriteStatusRequest;
import dev.darkroom.bytestream.QueryWriteStatusResponse;
import dev.darkroom.bytestream.ReadRequest;
import dev.darkroom.bytestream.ReadResponse;
import dev.darkroom.bytestream.WriteRequest;
import dev.darkroom.bytestream.WriteResponse;
import dev.darkroom.gateway.v1.Artifact;
import dev.darkroom.gateway.v1.ArtifactServiceGrpc;
import dev.darkroom.gateway.v1.ArtifactServiceGrpc.ArtifactServiceBlockingStub;
import dev.darkroom.gateway.v1.CreateArtifactRequest;
import dev.darkroom.gateway.v1.DeleteArtifactRequest;
import dev.darkroom.gateway.v1.GetArtifactRequest;
import dev.darkroom.rpc.ErrorDetails;
import dev.darkroom.rpc.Violation;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Files over the wire: in, out, and nobody else's. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ArtifactTest {
    private static final String ALICE = "alice-has-this-key-0123456789";
    private static final String BOB = "bob-has-this-key-0123456789";
    private static final int MEBIBYTE = 1 << 20;
    private static final int CHUNK = 1 << 16;

    private Path data;
    private TestingGateway gateway;
    private Channel alice;
    private Channel bob;

    @BeforeAll
    void start(@TempDir Path folder) {
        data = folder;
        gateway = new TestingGateway(Map.of(
                "darkroom.gateway.data", data.toString(),
                "darkroom.gateway.artifacts.max-upload-bytes", 32 * MEBIBYTE,
                "darkroom.gateway.api-keys.alice.sha256", ApiKey.sha256Of(ALICE),
                "darkroom.gateway.api-keys.bob.sha256", ApiKey.sha256Of(BOB)));
        alice = with(ALICE);
        bob = with(BOB);
    }

    @AfterAll
    void stop() {
        gateway.close();
    }

    @Test
    void write_inPieces_isReadBackAsItWas() {
        ByteString bytes = random(3 * MEBIBYTE + 11);
        String name = announce(alice, bytes);

        assertThat(write(alice, name, bytes, 0, true)).isEqualTo(bytes.size());

        assertThat(read(alice, name, 0, 0)).isEqualTo(bytes);
        Artifact artifact = describe(alice, name);
        assertThat(artifact.getComplete()).isTrue();
        assertThat(artifact.getContentType()).isEqualTo("application/x-test");
        assertThat(artifact.getExpireTime().getSeconds())
                .isEqualTo(artifact.getCreateTime().getSeconds() + 3_600);
    }

    @Test
    void read_hundredRandomOffsetsAndLimits_givesExactlyThose() {
        ByteString bytes = random(2 * MEBIBYTE + 3);
        String name = upload(alice, bytes);
        Random random = new Random(3);

        for (int i = 0; i < 100; i++) {
            int offset = random.nextInt(bytes.size() + 1);
            int limit = random.nextInt(200_000);
            int end = limit == 0 ? bytes.size() : Math.min(bytes.size(), offset + limit);
            assertThat(read(alice, name, offset, limit)).isEqualTo(bytes.substring(offset, end));
        }
    }

    @Test
    void read_outside_isOutOfRangeOrInvalid() {
        String name = upload(alice, random(10));

        assertThat(failure(() -> read(alice, name, 11, 0)).code()).isEqualTo(Status.Code.OUT_OF_RANGE);
        assertThat(failure(() -> read(alice, name, -1, 0)).code()).isEqualTo(Status.Code.OUT_OF_RANGE);
        assertThat(read(alice, name, 10, 0)).isEmpty();
        assertThat(failure(() -> read(alice, name, 0, -1)).violations())
                .extracting(Violation::field)
                .containsExactly("read_limit");
    }

    @Test
    void read_flippedBitOnDisk_isDataLoss() throws Exception {
        ByteString bytes = random(MEBIBYTE + 100);
        String name = upload(alice, bytes);
        Path blob = blob(describe(alice, name).getSha256());
        byte[] stored = Files.readAllBytes(blob);
        stored[MEBIBYTE + 50] ^= 8;
        Files.write(blob, stored, StandardOpenOption.TRUNCATE_EXISTING);

        ErrorDetails failure = failure(() -> read(alice, name, 0, 0));

        assertThat(failure.code()).isEqualTo(Status.Code.DATA_LOSS);
        assertThat(failure.reason()).isEqualTo("ARTIFACT_DAMAGED");
        assertThat(read(alice, name, 0, MEBIBYTE)).isEqualTo(bytes.substring(0, MEBIBYTE));
    }

    /** 16 MiB to a reader that takes one message: what is not taken stays on the disk. */
    @Test
    void read_readerThatPauses_isNotSentMoreThanItsWindow() throws Exception {
        ByteString bytes = random(16 * MEBIBYTE);
        String name = upload(alice, bytes);
        Iterator<ReadResponse> chunks = stream(alice).read(request(name, 0, 0));
        ByteString.Output received = ByteString.newOutput();
        chunks.next().getData().writeTo(received);

        // Damage what a server that ran ahead would have read by now.
        Path blob = blob(describe(alice, name).getSha256());
        byte[] stored = Files.readAllBytes(blob);
        stored[15 * MEBIBYTE] ^= 1;
        Files.write(blob, stored, StandardOpenOption.TRUNCATE_EXISTING);

        ErrorDetails failure = failure(() -> chunks.forEachRemaining(_ -> {}));
        assertThat(failure.code()).isEqualTo(Status.Code.DATA_LOSS);
    }

    @Test
    void write_brokenTwentyTimes_isTakenUpWhereItEnded() throws Exception {
        ByteString bytes = random(2 * MEBIBYTE + 17);
        String name = announce(alice, bytes);
        Random random = new Random(4);
        long committed = 0;
        for (int i = 0; i < 20; i++) {
            ByteString next = bytes.substring((int) committed, (int) committed + 1 + random.nextInt(100_000));
            breakOff(alice, name, next, committed);
            long now = status(alice, name).getCommittedSize();
            assertThat(now).isBetween(committed, committed + next.size());
            committed = now;
            next = bytes.substring((int) committed, (int) committed + 1 + random.nextInt(1_000));
            committed = write(alice, name, next, committed, false);
        }
        assertThat(status(alice, name).getComplete()).isFalse();
        assertThat(failure(() -> read(alice, name, 0, 0)).code()).isEqualTo(Status.Code.NOT_FOUND);

        assertThat(write(alice, name, bytes.substring((int) committed), committed, true))
                .isEqualTo(bytes.size());

        assertThat(status(alice, name).getComplete()).isTrue();
        assertThat(read(alice, name, 0, 0)).isEqualTo(bytes);
    }

    @Test
    void write_wrongOffsetOrTooMuch_isRefusedAndCanGoOn() {
        ByteString bytes = random(1_000);
        String name = announce(alice, bytes);

        assertThat(failure(() -> write(alice, name, bytes, 5, true)).violations())
                .extracting(Violation::field)
                .containsExactly("write_offset");
        assertThat(failure(() -> write(alice, name, bytes.concat(bytes), 0, true))
                        .violations())
                .extracting(Violation::field)
                .containsExactly("data");
        assertThat(write(alice, name, bytes.substring(0, 500), 0, false)).isEqualTo(500);
        assertThat(failure(() -> write(alice, name, bytes.substring(0, 500), 500, true))
                        .reason())
                .isEqualTo("ARTIFACT_DIGEST_MISMATCH");
        assertThat(failure(() -> status(alice, name)).code()).isEqualTo(Status.Code.NOT_FOUND);
    }

    @Test
    void write_finishedTooEarly_saysSo() {
        ByteString bytes = random(1_000);
        String name = announce(alice, bytes);

        assertThat(failure(() -> write(alice, name, bytes.substring(0, 10), 0, true))
                        .violations())
                .extracting(Violation::field)
                .containsExactly("finish_write");
    }

    @Test
    void write_completeArtifact_isRefused() {
        ByteString bytes = random(10);
        String name = upload(alice, bytes);

        assertThat(failure(() -> write(alice, name, bytes, 0, true)).reason()).isEqualTo("ARTIFACT_COMPLETE");
    }

    @Test
    void write_newerCall_takesOver() throws Exception {
        ByteString bytes = random(1_000);
        String name = announce(alice, bytes);
        Answer answer = new Answer();
        StreamObserver<WriteRequest> older = ByteStreamGrpc.newStub(alice).write(answer);
        older.onNext(chunk(name, 0, bytes.substring(0, 100), false));
        long committed = 0;
        while (committed < 100) {
            committed = status(alice, name).getCommittedSize();
        }

        assertThat(write(alice, name, bytes.substring(100), 100, true)).isEqualTo(1_000);
        older.onNext(chunk(name, 100, bytes.substring(100, 200), false));

        assertThat(failure(answer::await).reason()).isEqualTo("UPLOAD_SUPERSEDED");
        assertThat(read(alice, name, 0, 0)).isEqualTo(bytes);
    }

    @Test
    void anyCall_forAnotherTenantsName_isNotFound() {
        ByteString bytes = random(50);
        String complete = upload(alice, bytes);
        String open = announce(alice, bytes);

        for (String name : List.of(complete, open, "artifacts/../../../etc/passwd", "")) {
            for (Runnable call : List.<Runnable>of(
                    () -> read(bob, name, 0, 0),
                    () -> status(bob, name),
                    () -> write(bob, name, bytes, 0, true),
                    () -> describe(bob, name),
                    () -> artifacts(bob)
                            .deleteArtifact(DeleteArtifactRequest.newBuilder()
                                    .setName(name)
                                    .build()))) {
                ErrorDetails failure = failure(call);
                assertThat(failure.code()).isEqualTo(Status.Code.NOT_FOUND);
                assertThat(failure.reason()).isEqualTo("ARTIFACT_UNKNOWN");
            }
        }
        assertThat(read(alice, complete, 0, 0)).isEqualTo(bytes);
    }

    @Test
    void delete_onlyName_removesTheBytes() {
        ByteString bytes = random(77);
        String name = upload(alice, bytes);
        Path blob = blob(describe(alice, name).getSha256());
        assertThat(blob).exists();

        artifacts(alice)
                .deleteArtifact(DeleteArtifactRequest.newBuilder().setName(name).build());

        assertThat(blob).doesNotExist();
        assertThat(failure(() -> describe(alice, name)).code()).isEqualTo(Status.Code.NOT_FOUND);
    }

    @Test
    void create_badFields_areAllNamed() {
        ErrorDetails failure = failure(() -> artifacts(alice)
                .createArtifact(CreateArtifactRequest.newBuilder()
                        .setContentType("image/\n")
                        .setSizeBytes(33L * MEBIBYTE)
                        .setSha256("abc")
                        .setTtl(Duration.newBuilder().setSeconds(1))
                        .build()));

        assertThat(failure.violations())
                .extracting(Violation::field)
                .containsExactly("content_type", "size_bytes", "sha256", "ttl");
    }

    /** Everything that all tests of this class wrote lies in the gateway's folder, by names that the gateway made. */
    @Test
    void files_ofEveryUpload_lieInTheDataFolder() throws Exception {
        upload(alice, random(5));

        try (Stream<Path> files = Files.walk(data)) {
            assertThat(files.filter(Files::isRegularFile)
                            .map(file -> data.relativize(file).toString()))
                    .isNotEmpty()
                    .allMatch(
                            file -> file.matches(
                                    "gateway\\..*|artifacts/blobs/[0-9a-f]{2}/[0-9a-f]{64}|artifacts/incoming/upload-[A-Za-z0-9_-]{22}"));
        }
    }

    private Path blob(String sha256) {
        return data.resolve("artifacts")
                .resolve("blobs")
                .resolve(sha256.substring(0, 2))
                .resolve(sha256);
    }

    private String upload(Channel caller, ByteString bytes) {
        String name = announce(caller, bytes);
        write(caller, name, bytes, 0, true);
        return name;
    }

    private String announce(Channel caller, ByteString bytes) {
        return artifacts(caller)
                .createArtifact(CreateArtifactRequest.newBuilder()
                        .setContentType("application/x-test")
                        .setSizeBytes(bytes.size())
                        .setSha256(sha256(bytes))
                        .setTtl(Duration.newBuilder().setSeconds(3_600))
                        .build())
                .getArtifact()
                .getName();
    }

    private static String sha256(ByteString bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes.toByteArray()));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private static Artifact describe(Channel caller, String name) {
        return artifacts(caller)
                .getArtifact(GetArtifactRequest.newBuilder().setName(name).build())
                .getArtifact();
    }

    private static ByteString read(Channel caller, String name, long offset, long limit) {
        ByteString all = ByteString.EMPTY;
        Iterator<ReadResponse> chunks = stream(caller).read(request(name, offset, limit));
        while (chunks.hasNext()) {
            ByteString data = chunks.next().getData();
            assertThat(data.size()).isBetween(1, CHUNK);
            all = all.concat(data);
        }
        return all;
    }

    private static ReadRequest request(String name, long offset, long limit) {
        return ReadRequest.newBuilder()
                .setResourceName(name)
                .setReadOffset(offset)
                .setReadLimit(limit)
                .build();
    }

    private static QueryWriteStatusResponse status(Channel caller, String name) {
        return stream(caller)
                .queryWriteStatus(QueryWriteStatusRequest.newBuilder()
                        .setResourceName(name)
                        .build());
    }

    /** Writes bytes at an offset, in pieces, and returns what the server says that it has. */
    private static long write(Channel caller, String name, ByteString bytes, long offset, boolean finish) {
        Answer answer = new Answer();
        StreamObserver<WriteRequest> requests = ByteStreamGrpc.newStub(caller).write(answer);
        for (int start = 0; start < bytes.size(); start += CHUNK) {
            int end = Math.min(start + CHUNK, bytes.size());
            requests.onNext(chunk(name, offset + start, bytes.substring(start, end), finish && end == bytes.size()));
        }
        requests.onCompleted();
        return answer.await();
    }

    /** Begins to write, and goes away without a word. */
    private static void breakOff(Channel caller, String name, ByteString bytes, long offset) {
        Context.CancellableContext connection = Context.ROOT.withCancellation();
        Answer answer = new Answer();
        connection.run(() -> {
            StreamObserver<WriteRequest> requests =
                    ByteStreamGrpc.newStub(caller).write(answer);
            requests.onNext(chunk(name, offset, bytes, false));
            connection.cancel(null);
        });
        assertThat(failure(answer::await).code()).isEqualTo(Status.Code.CANCELLED);
    }

    private static WriteRequest chunk(String name, long offset, ByteString data, boolean finish) {
        return WriteRequest.newBuilder()
                .setResourceName(name)
                .setWriteOffset(offset)
                .setData(data)
                .setFinishWrite(finish)
                .build();
    }

    /** What comes back from an upload. */
    private static final class Answer implements StreamObserver<WriteResponse> {
        private final CompletableFuture<Long> committedSize = new CompletableFuture<>();

        @Override
        public void onNext(WriteResponse response) {
            committedSize.complete(response.getCommittedSize());
        }

        @Override
        public void onError(Throwable failure) {
            committedSize.completeExceptionally(failure);
        }

        @Override
        public void onCompleted() {}

        long await() {
            try {
                return committedSize.orTimeout(20, TimeUnit.SECONDS).join();
            } catch (CompletionException e) {
                throw e.getCause() instanceof StatusRuntimeException failure ? failure : e;
            }
        }
    }

    private static ErrorDetails failure(Runnable call) {
        Throwable failure = catchThrowable(call::run);
        assertThat(failure).as("must fail").isNotNull();
        return ErrorDetails.of(failure);
    }

    private Channel with(String key) {
        Metadata headers = new Metadata();
        headers.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + key);
        return ClientInterceptors.intercept(gateway.channel, MetadataUtils.newAttachHeadersInterceptor(headers));
    }

    private static ArtifactServiceBlockingStub artifacts(Channel caller) {
        return ArtifactServiceGrpc.newBlockingStub(caller).withDeadlineAfter(20, TimeUnit.SECONDS);
    }

    private static ByteStreamBlockingStub stream(Channel caller) {
        return ByteStreamGrpc.newBlockingStub(caller).withDeadlineAfter(20, TimeUnit.SECONDS);
    }

    private static ByteString random(int size) {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        return ByteString.copyFrom(bytes);
    }
}
