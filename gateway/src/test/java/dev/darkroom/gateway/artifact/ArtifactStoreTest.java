// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.darkroom.gateway.database.DataDirectory;
import dev.darkroom.gateway.database.Database;
import dev.darkroom.gateway.database.DatabaseConfiguration;
import dev.darkroom.rpc.Fault;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against real files and a real database. */
final class ArtifactStoreTest {
    private static final ByteString FOX = ByteString.copyFromUtf8("a picture of a fox");
    private static final int MEBIBYTE = 1 << 20;

    @TempDir
    private Path folder;

    private final DataDirectory directory = new DataDirectory("");
    private final Database database = new Database(DatabaseConfiguration.embedded(), directory);
    private final TestingClock clock = new TestingClock();
    private ArtifactStore store;

    /** Time that stands still until it is set. */
    private static final class TestingClock extends Clock {
        private Instant now = Instant.now();

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return now;
        }
    }

    @BeforeEach
    void open() throws IOException {
        store = new ArtifactStore(database.jdbi(), new BlobFolder(folder), ArtifactConfiguration.defaults(), clock);
    }

    @AfterEach
    void close() {
        database.close();
        directory.close();
    }

    @Test
    void put_bytes_areReadBackAsTheyWere() {
        ByteString bytes = random(3 * MEBIBYTE + 7);

        Artifact artifact = put("alice", bytes);

        assertThat(artifact.name()).matches("artifacts/[A-Za-z0-9_-]{22}");
        assertThat(artifact.sizeBytes()).isEqualTo(bytes.size());
        assertThat(readAll("alice", artifact)).isEqualTo(bytes);
        assertThat(store.get("alice", artifact.name())).isEqualTo(artifact);
    }

    @Test
    void put_nothing_isAnArtifactToo() {
        assertThat(readAll("alice", put("alice", ByteString.EMPTY))).isEmpty();
    }

    @Test
    void read_anyOffset_givesTheRestOfItsBlock() {
        ByteString bytes = random(2 * MEBIBYTE + 5);
        Artifact artifact = put("alice", bytes);
        Random random = new Random(1);

        try (ArtifactReader reader = store.open("alice", artifact.name())) {
            for (int i = 0; i < 100; i++) {
                int offset = random.nextInt(bytes.size());
                int end = Math.min(bytes.size(), (offset / MEBIBYTE + 1) * MEBIBYTE);
                assertThat(reader.read(offset)).isEqualTo(bytes.substring(offset, end));
            }
            assertThat(reader.read(bytes.size())).isEmpty();
        }
    }

    @Test
    void read_outside_isOutOfRange() {
        Artifact artifact = put("alice", FOX);

        try (ArtifactReader reader = store.open("alice", artifact.name())) {
            assertThatThrownBy(() -> reader.read(FOX.size() + 1)).isInstanceOf(Fault.OutOfRange.class);
            assertThatThrownBy(() -> reader.read(-1)).isInstanceOf(Fault.OutOfRange.class);
        }
    }

    @Test
    void read_anyFlippedBit_isDataLossAndNothingOfItsBlock() throws IOException {
        ByteString bytes = random(2 * MEBIBYTE);
        Artifact artifact = put("alice", bytes);
        Random random = new Random(2);
        for (int i = 0; i < 20; i++) {
            int position = random.nextInt(bytes.size());
            flip(artifact, position, 1 << random.nextInt(8));
            int damaged = position / MEBIBYTE * MEBIBYTE;

            try (ArtifactReader reader = store.open("alice", artifact.name())) {
                assertThatThrownBy(() -> reader.read(damaged))
                        .isInstanceOf(Fault.DataLoss.class)
                        .hasMessageContaining(artifact.name());
                assertThat(reader.read(MEBIBYTE - damaged))
                        .as("the other block")
                        .hasSize(MEBIBYTE);
            }
            restore(artifact, position, bytes.byteAt(position));
        }
        assertThat(readAll("alice", artifact)).isEqualTo(bytes);
    }

    @Test
    void read_shortOrMissingFile_isDataLoss() throws IOException {
        Artifact artifact = put("alice", FOX);
        try (FileChannel file = FileChannel.open(blob(artifact), StandardOpenOption.WRITE)) {
            file.truncate(FOX.size() - 1L);
        }
        assertThatThrownBy(() -> readAll("alice", artifact)).isInstanceOf(Fault.DataLoss.class);

        Files.delete(blob(artifact));
        assertThatThrownBy(() -> readAll("alice", artifact)).isInstanceOf(Fault.DataLoss.class);
    }

    @Test
    void put_damagedContentAnew_healsIt() throws IOException {
        Artifact artifact = put("alice", FOX);
        flip(artifact, 3, 4);

        put("bob", FOX);

        assertThat(readAll("alice", artifact)).isEqualTo(FOX);
    }

    @Test
    void open_anotherTenants_isNotFoundAsIfThereWereNone() {
        Artifact artifact = put("alice", FOX);

        for (String name : List.of(artifact.name(), "artifacts/" + "x".repeat(22), "artifacts/../../etc", "")) {
            assertThatThrownBy(() -> store.open("bob", name))
                    .isInstanceOfSatisfying(
                            Fault.NotFound.class,
                            fault -> assertThat(fault.reason()).isEqualTo("ARTIFACT_UNKNOWN"));
            assertThatThrownBy(() -> store.delete("bob", name)).isInstanceOf(Fault.NotFound.class);
        }
        assertThat(readAll("alice", artifact)).isEqualTo(FOX);
    }

    @Test
    void delete_oneOfTwoNames_keepsTheBytesForTheOther() {
        Artifact alices = put("alice", FOX);
        Artifact bobs = put("bob", FOX);
        assertThat(bobs.name()).isNotEqualTo(alices.name());
        assertThat(files()).hasSize(1);

        store.delete("alice", alices.name());

        assertThatThrownBy(() -> store.open("alice", alices.name())).isInstanceOf(Fault.NotFound.class);
        assertThat(readAll("bob", bobs)).isEqualTo(FOX);

        store.delete("bob", bobs.name());

        assertThat(files()).isEmpty();
    }

    @Test
    void delete_whileRead_readerReadsOn() {
        Artifact artifact = put("alice", FOX);

        try (ArtifactReader reader = store.open("alice", artifact.name())) {
            store.delete("alice", artifact.name());

            assertThat(reader.readAll()).isEqualTo(FOX);
        }
    }

    @Test
    void open_expired_isNotFoundAndSwept() {
        Artifact artifact = put("alice", FOX);
        Artifact longer = store.put("alice", "", "text/plain", random(9), clock.now.plus(Duration.ofDays(2)));

        clock.now = artifact.expireTime();

        assertThatThrownBy(() -> store.open("alice", artifact.name())).isInstanceOf(Fault.NotFound.class);
        store.sweep();
        assertThat(files()).containsExactly(blob(longer));
    }

    @Test
    void sweep_bytesWithoutName_goAnHourLater() {
        store.write(FOX).close();
        store.sweep();
        assertThat(files()).hasSize(1);

        clock.now = clock.now.plus(Duration.ofMinutes(61));
        store.sweep();

        assertThat(files()).isEmpty();
    }

    @Test
    void sweep_bytesThatAreAboutToBeNamed_stay() {
        Artifact named;
        try (ArtifactStore.Written written = store.write(FOX)) {
            Artifact other = put("bob", FOX);
            store.delete("bob", other.name());
            clock.now = clock.now.plus(Duration.ofMinutes(61));
            store.sweep();
            named = database.jdbi()
                    .inTransaction(transaction -> store.name(
                            transaction,
                            written,
                            "alice",
                            "operations/1",
                            "image/png",
                            clock.now.plus(Duration.ofDays(1))));
        }

        assertThat(readAll("alice", named)).isEqualTo(FOX);
        assertThat(store.ofOperation("alice", "operations/1")).containsExactly(named);
        assertThat(store.ofOperation("bob", "operations/1")).isEmpty();
    }

    @Test
    void name_transactionThatFails_leavesNoName() {
        try (ArtifactStore.Written written = store.write(FOX)) {
            assertThatThrownBy(() -> database.jdbi().useTransaction(transaction -> {
                        store.name(transaction, written, "alice", "operations/1", "image/png", clock.now);
                        throw new IllegalStateException("the job was lost");
                    }))
                    .hasMessage("the job was lost");
        }

        assertThat(store.ofOperation("alice", "operations/1")).isEmpty();
    }

    @Test
    void putAndDelete_sameContentFromManyThreads_neverLosesANamedOne() throws Exception {
        List<Callable<Artifact>> work = IntStream.range(0, 60)
                .mapToObj(i -> (Callable<Artifact>) () -> {
                    Artifact artifact = put("alice", FOX);
                    if (i % 4 != 0) {
                        store.delete("alice", artifact.name());
                    }
                    return artifact;
                })
                .toList();
        List<Artifact> kept = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            List<Future<Artifact>> done = threads.invokeAll(work);
            for (int i = 0; i < done.size(); i += 4) {
                kept.add(done.get(i).get());
            }
        }

        assertThat(kept)
                .hasSize(15)
                .allSatisfy(artifact -> assertThat(readAll("alice", artifact)).isEqualTo(FOX));
        kept.forEach(artifact -> store.delete("alice", artifact.name()));
        assertThat(files()).isEmpty();
    }

    private Artifact put(String tenant, ByteString bytes) {
        return store.put(tenant, "", "image/png", bytes, clock.now.plus(Duration.ofDays(1)));
    }

    private ByteString readAll(String tenant, Artifact artifact) {
        try (ArtifactReader reader = store.open(tenant, artifact.name())) {
            return reader.readAll();
        }
    }

    private Path blob(Artifact artifact) {
        return folder.resolve("blobs")
                .resolve(artifact.sha256().substring(0, 2))
                .resolve(artifact.sha256());
    }

    private List<Path> files() {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(Files::isRegularFile).toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void flip(Artifact artifact, long position, int bit) throws IOException {
        try (FileChannel file = FileChannel.open(blob(artifact), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer one = ByteBuffer.allocate(1);
            file.read(one, position);
            file.write(ByteBuffer.wrap(new byte[] {(byte) (one.get(0) ^ bit)}), position);
        }
    }

    private void restore(Artifact artifact, long position, byte value) throws IOException {
        try (FileChannel file = FileChannel.open(blob(artifact), StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(new byte[] {value}), position);
        }
    }

    private static ByteString random(int size) {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        return ByteString.copyFrom(bytes);
    }
}
