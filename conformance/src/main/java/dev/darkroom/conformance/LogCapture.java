// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.conformance;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.AppenderBase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.slf4j.LoggerFactory;

/**
 * Everything that is logged between its creation and {@link #close}, at every level that the configuration does not
 * pin, instead of on the console. One line per event: level, logger, MDC,
 * message, exception with its messages.
 */
public final class LogCapture implements AutoCloseable {

    private final LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    private final Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    private final Logger darkroom = context.getLogger("dev.darkroom");
    private final Level rootLevel = root.getLevel();
    private final Level darkroomLevel = darkroom.getLevel();
    private final List<Appender<ILoggingEvent>> silenced = new ArrayList<>();
    private final Recorder recorder = new Recorder();

    /** Begins to capture. */
    public LogCapture() {
        root.iteratorForAppenders().forEachRemaining(silenced::add);
        silenced.forEach(root::detachAppender);
        recorder.setContext(context);
        recorder.start();
        root.addAppender(recorder);
        root.setLevel(Level.TRACE);
        darkroom.setLevel(Level.TRACE);
    }

    /** What was logged until now. */
    public List<String> lines() {
        return recorder.lines();
    }

    /** Waits for a line, which may have been logged already; fails when none came in time. */
    public String await(Predicate<String> wanted, Duration atMost) {
        return recorder.await(wanted, atMost);
    }

    @Override
    public void close() {
        root.detachAppender(recorder);
        silenced.forEach(root::addAppender);
        root.setLevel(rootLevel);
        darkroom.setLevel(darkroomLevel);
    }

    private static final class Recorder extends AppenderBase<ILoggingEvent> {
        private final ReentrantLock lock = new ReentrantLock();
        private final Condition added = lock.newCondition();
        private final List<String> lines = new ArrayList<>();

        @Override
        protected void append(ILoggingEvent event) {
            String thrown = event.getThrowableProxy() == null
                    ? ""
                    : "\n" + ThrowableProxyUtil.asString(event.getThrowableProxy());
            lock.lock();
            try {
                lines.add(event.getLevel() + " " + event.getLoggerName() + " " + event.getMDCPropertyMap() + " "
                        + event.getFormattedMessage() + thrown);
                added.signalAll();
            } finally {
                lock.unlock();
            }
        }

        List<String> lines() {
            lock.lock();
            try {
                return List.copyOf(lines);
            } finally {
                lock.unlock();
            }
        }

        String await(Predicate<String> wanted, Duration atMost) {
            long left = atMost.toNanos();
            lock.lock();
            try {
                while (true) {
                    for (String line : lines) {
                        if (wanted.test(line)) {
                            return line;
                        }
                    }
                    if (left <= 0) {
                        throw new AssertionError(
                                "Not logged within " + atMost + "; logged were:\n" + String.join("\n", lines));
                    }
                    left = added.awaitNanos(left);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError("Interrupted", e);
            } finally {
                lock.unlock();
            }
        }
    }
}
