// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.job;

import com.github.kagkarlsson.scheduler.Scheduler;
import com.github.kagkarlsson.scheduler.SchedulerBuilder;
import com.github.kagkarlsson.scheduler.SchedulerName;
import com.github.kagkarlsson.scheduler.jdbc.DefaultJdbcCustomization;
import com.github.kagkarlsson.scheduler.logging.LogLevel;
import com.github.kagkarlsson.scheduler.task.CompletionHandler;
import com.github.kagkarlsson.scheduler.task.helper.CustomTask;
import com.github.kagkarlsson.scheduler.task.helper.Tasks;
import dev.darkroom.gateway.artifact.ArtifactStore;
import dev.darkroom.gateway.database.Database;
import dev.darkroom.rpc.Preparation;
import io.micronaut.core.annotation.Order;
import io.micronaut.core.order.Ordered;
import io.micronaut.runtime.event.annotation.EventListener;
import io.micronaut.runtime.server.event.ServerShutdownEvent;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Phaser;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs jobs: db-scheduler picks them, beats their hearts and finds those of gateways that died; what an attempt may write and how it ends
 * is {@link JobStore}'s.
 *
 * <p>db-scheduler's row is the only lease. Nothing waits in this process between being picked and being run, as what waits has no
 * heartbeat: rows are locked no sooner than a thread is free.
 */
@Singleton
final class JobEngine implements Preparation, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(JobEngine.class);
    private static final int HEARTBEATS_PER_LEASE = 4; // the fewest that db-scheduler takes
    private static final Duration WATCH_INTERVAL = Duration.ofSeconds(1);
    private static final int SWEPT_AT_ONCE = 100;
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(10);

    private final JobStore store;
    private final ArtifactStore artifacts;
    private final Signals signals;
    private final JobConfiguration configuration;
    private final JobWork work;
    private final boolean embedded;
    private final RetryPolicy retries =
            new RetryPolicy(() -> ThreadLocalRandom.current().nextDouble());
    private final String name = ProcessHandle.current().pid() + "-" + UUID.randomUUID();
    private final Map<String, Running> running = new ConcurrentHashMap<>();
    private final Phaser atWork = new Phaser(1);
    private final ScheduledExecutorService watch = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("jobs-watch").factory());
    private final Scheduler scheduler;
    private volatile boolean stopping;

    JobEngine(
            Database database,
            JobStore store,
            ArtifactStore artifacts,
            Signals signals,
            JobConfiguration configuration,
            JobWork work) {
        this.store = store;
        this.artifacts = artifacts;
        this.signals = signals;
        this.configuration = configuration;
        this.work = work;
        this.embedded = database.isEmbedded();
        this.scheduler = scheduler(database);
    }

    private Scheduler scheduler(Database database) {
        CustomTask<Void> task = Tasks.custom(JobRows.TASK, Void.class)
                // The claim that the next pick begins with sees that the job still counts as running.
                .onDeadExecution((complete, operations) -> operations.reschedule(complete, now()))
                // Only what the database itself failed at comes here: the attempt counts as interrupted.
                .onFailure((complete, operations) -> operations.reschedule(complete, now().plus(configuration.poll())))
                .execute((instance, _) -> run(instance.getId()));
        SchedulerBuilder builder = Scheduler.create(database.dataSource(), task)
                .threads(configuration.concurrency())
                .schedulerName(new SchedulerName.Fixed(name))
                .pollingInterval(configuration.poll())
                .heartbeatInterval(configuration.lease().dividedBy(HEARTBEATS_PER_LEASE))
                .missedHeartbeatsLimit(HEARTBEATS_PER_LEASE)
                .shutdownMaxWait(STOP_TIMEOUT)
                .alwaysPersistTimestampInUTC()
                .failureLogging(LogLevel.WARN, false);
        // Both ways lock a row no sooner than a thread is free. H2 has no SKIP LOCKED.
        return embedded
                ? builder.pollUsingFetch(0.5, 1.0)
                        .jdbcCustomization(new DefaultJdbcCustomization(true))
                        .build()
                : builder.pollUsingLockAndFetch(0.5, 1.0).build();
    }

    /** Begins to run jobs, those first that were left over. */
    @Override
    public void prepare() {
        if (embedded) {
            int left = store.releaseAll(); // nobody else can have the database: who held them is gone
            LOG.info("event=jobs_taken_over count={}", left);
        }
        scheduler.start();
        Future<?> _ = watch.scheduleWithFixedDelay(
                this::lookAfter,
                0,
                Math.min(WATCH_INTERVAL.toMillis(), configuration.poll().toMillis()),
                TimeUnit.MILLISECONDS);
    }

    /** Hands over what a tenant's window has room for. Called whenever there may be a job or room. */
    void handOver(String tenant) {
        if (!stopping && store.handOver(tenant, configuration.window()) > 0) {
            scheduler.triggerCheckForDueExecutions();
        }
    }

    /** Stops a job at once, if it runs here; the gateway that runs it otherwise sees within a second that it was asked to stop. */
    void cancelHere(String id) {
        Running here = running.get(id);
        if (here != null) {
            here.cancel(Running.Reason.CANCELLED);
        }
    }

    /** Jobs that run here. */
    int runningHere() {
        return running.size();
    }

    private CompletionHandler<Void> run(String id) {
        atWork.register();
        try {
            Optional<Claim> claimed = store.claim(id, name);
            if (claimed.isEmpty()) {
                signals.changed(id);
                return (_, operations) -> operations.stop();
            }
            signals.changed(id);
            return run(claimed.get());
        } finally {
            atWork.arriveAndDeregister();
        }
    }

    private CompletionHandler<Void> run(Claim claim) {
        Job job = claim.job();
        try (Running here = new Running(
                claim,
                new Attempt(claim, configuration.checkpointInterval(), store, artifacts, signals),
                store,
                configuration,
                watch)) {
            running.put(job.id(), here);
            if (stopping) {
                here.cancel(Running.Reason.HANDED_OVER);
            }
            artifacts.deleteOfOperation(job.tenant(), job.name()); // of earlier attempts
            Running.End end = here.perform(work, retries);
            if (end instanceof Running.End.Over(JobPhase phase) && phase != JobPhase.SUCCEEDED) {
                artifacts.deleteOfOperation(job.tenant(), job.name());
            }
            return completion(end);
        } finally {
            running.remove(job.id());
            signals.changed(job.id());
            handOver(job.tenant());
        }
    }

    private static CompletionHandler<Void> completion(Running.End end) {
        return switch (end) {
            case Running.End.Over _ -> (_, operations) -> operations.stop();
            case Running.End.Again(Instant at) -> (complete, operations) -> operations.reschedule(complete, at);
            case Running.End.Stale _ -> (_, _) -> {}; // the row is somebody else's
        };
    }

    /** Once a second: jobs that were asked to stop elsewhere, workers that fell silent, and lines that move by themselves. */
    private void lookAfter() {
        try {
            store.cancelled(List.copyOf(running.keySet())).forEach(this::cancelHere);
            running.values().forEach(Running::cancelIfStalled);
            store.tenantsWaiting().forEach(this::handOver);
            store.expired(SWEPT_AT_ONCE).forEach(this::remove);
        } catch (RuntimeException e) {
            LOG.warn("event=jobs_watch_failed reason={}", e.getClass().getSimpleName());
        }
    }

    private void remove(Job job) {
        artifacts.deleteOfOperation(job.tenant(), job.name());
        store.remove(job.id());
    }

    /** First thing at a shutdown: nothing new begins, and whoever waits here for news is sent to another gateway. */
    @EventListener
    @Order(Ordered.HIGHEST_PRECEDENCE)
    void stopping(ServerShutdownEvent event) {
        stopTaking();
    }

    private void stopTaking() {
        stopping = true;
        scheduler.pause();
        signals.close();
    }

    /** Lets running jobs finish for a while, and hands the others over, uncounted. */
    @Override
    @PreDestroy
    public void close() {
        stopTaking();
        try {
            int phase = atWork.arrive();
            atWork.awaitAdvanceInterruptibly(phase, configuration.drainTimeout().toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException _) {
            LOG.info("event=jobs_handed_over count={}", running.size());
            running.values().forEach(here -> here.cancel(Running.Reason.HANDED_OVER));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        scheduler.stop();
        watch.shutdownNow();
    }

    private static Instant now() {
        return Instant.now();
    }
}
