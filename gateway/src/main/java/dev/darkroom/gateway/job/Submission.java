// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.job;

import com.google.protobuf.Message;
import dev.darkroom.gateway.v1.JobKind;
import dev.darkroom.gateway.v1.JobOptions;
import java.util.List;

/**
 * A job to be, all of it checked.
 *
 * @param tenant whose it is
 * @param asked the request as it came, which tells repetitions of one from others
 * @param request that the work will be given, with what was drawn by lot for it
 * @param policies safety policies of the submitter's API key, which apply beside those of the request
 */
public record Submission(
        String tenant,
        JobKind kind,
        Message asked,
        Message request,
        JobOptions options,
        List<String> policies,
        Shape shape) {}
