// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.job;

import com.google.longrunning.CancelOperationRequest;
import com.google.longrunning.DeleteOperationRequest;
import com.google.longrunning.GetOperationRequest;
import com.google.longrunning.ListOperationsRequest;
import com.google.longrunning.ListOperationsResponse;
import com.google.longrunning.Operation;
import com.google.longrunning.OperationsGrpc;
import com.google.longrunning.WaitOperationRequest;
import com.google.protobuf.Empty;
import dev.darkroom.gateway.Tenant;
import dev.darkroom.rpc.ResponseStream;
import dev.darkroom.rpc.Violations;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.stub.StreamObserver;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The standard interface to operations (AIP-151). A caller sees those of its tenant. */
@Singleton
final class OperationsEndpoint extends OperationsGrpc.OperationsImplBase {
    private static final int DEFAULT_PAGE = 50;
    private static final int MAX_PAGE = 1_000;
    private static final String COLLECTION = "operations";

    /** What an answer takes to travel. */
    private static final Duration MARGIN = Duration.ofMillis(100);

    private final Jobs jobs;
    private final Operations operations;

    OperationsEndpoint(Jobs jobs, Operations operations) {
        this.jobs = jobs;
        this.operations = operations;
    }

    @Override
    public void getOperation(GetOperationRequest request, StreamObserver<Operation> responses) {
        ResponseStream.reply(responses, () -> jobs.get(Tenant.ofCaller(), request.getName()));
    }

    @Override
    public void waitOperation(WaitOperationRequest request, StreamObserver<Operation> responses) {
        ResponseStream.reply(responses, () -> jobs.await(Tenant.ofCaller(), request.getName(), patience(request)));
    }

    /** As long as asked for, but not until the deadline has passed: then nothing could be answered. */
    private static Duration patience(WaitOperationRequest request) {
        Deadline deadline = Context.current().getDeadline();
        Duration left = deadline == null
                ? Duration.ofDays(1)
                : Duration.ofNanos(deadline.timeRemaining(TimeUnit.NANOSECONDS)).minus(MARGIN);
        if (!request.hasTimeout()) {
            return left;
        }
        Duration asked = Duration.ofSeconds(
                request.getTimeout().getSeconds(), request.getTimeout().getNanos());
        return asked.compareTo(left) < 0 ? asked : left;
    }

    @Override
    public void cancelOperation(CancelOperationRequest request, StreamObserver<Empty> responses) {
        ResponseStream.reply(responses, () -> {
            jobs.cancel(Tenant.ofCaller(), request.getName());
            return Empty.getDefaultInstance();
        });
    }

    @Override
    public void deleteOperation(DeleteOperationRequest request, StreamObserver<Empty> responses) {
        ResponseStream.reply(responses, () -> {
            jobs.delete(Tenant.ofCaller(), request.getName());
            return Empty.getDefaultInstance();
        });
    }

    @Override
    public void listOperations(ListOperationsRequest request, StreamObserver<ListOperationsResponse> responses) {
        ResponseStream.reply(responses, () -> list(request));
    }

    private ListOperationsResponse list(ListOperationsRequest request) {
        Violations violations = new Violations();
        String name = request.getName();
        violations.check(name.isEmpty() || name.equals(COLLECTION), "name", "empty or " + COLLECTION, name);
        violations.range("page_size", request.getPageSize(), 0, MAX_PAGE);
        JobFilter filter = JobFilter.parse(request.getFilter(), violations);
        PageToken after = PageToken.parse(request.getPageToken(), violations);
        violations.throwIfAny();
        return page(filter, after, request.getPageSize() == 0 ? DEFAULT_PAGE : request.getPageSize());
    }

    private ListOperationsResponse page(JobFilter filter, @Nullable PageToken after, int size) {
        List<Job> found = jobs.list(Tenant.ofCaller(), filter, after, size + 1);
        ListOperationsResponse.Builder page = ListOperationsResponse.newBuilder();
        found.stream().limit(size).map(operations::of).forEach(page::addOperations);
        if (found.size() > size) {
            page.setNextPageToken(PageToken.after(found.get(size - 1)).text());
        }
        return page.build();
    }
}
