// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.job;

import com.google.protobuf.ByteString;
import dev.darkroom.media.v1.Checkpoint;
import java.util.List;

/**
 * The right to work on a job, until somebody else has a later one.
 *
 * @param job as it was when the attempt began; its attempt is the fencing token
 * @param request as submitted
 * @param policies safety policies of the submitter's API key
 * @param checkpoints the latest of each picture that an earlier attempt began
 */
record Claim(Job job, ByteString request, List<String> policies, List<Checkpoint> checkpoints) {}
