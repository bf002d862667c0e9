// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import com.google.protobuf.ByteString;
import dev.darkroom.rpc.Fault;
import dev.darkroom.safety.v1.CheckOutputRequest;
import dev.darkroom.safety.v1.OutputVerdict;
import dev.darkroom.safety.v1.SafetyServiceGrpc;
import dev.darkroom.safety.v1.SafetyServiceGrpc.SafetyServiceBlockingStub;
import jakarta.inject.Named;
import jakarta.inject.Singleton;
import java.util.List;

/** Asks the safety service about the pixels of a picture. Fails closed: without its verdict there is no {@link PictureVerdict}. */
@Singleton
final class OutputCheck {
    private final Upstream safety;
    private final SafetyServiceBlockingStub stub;
    private final GatewayConfiguration configuration;

    OutputCheck(@Named("safety") Upstream safety, GatewayConfiguration configuration) {
        this.safety = safety;
        this.stub = SafetyServiceGrpc.newBlockingStub(safety.channel());
        this.configuration = configuration;
    }

    /**
     * Looks at a picture.
     *
     * @param picture encoded, at most {@link HeldPicture#MAX_BYTES}
     * @param policies names of those that apply beside the server's own
     * @throws Fault.Unavailable SAFETY_UNAVAILABLE, if the safety service cannot be reached or does not answer in time
     * @throws Fault.Internal OUTPUT_UNCHECKED, if nobody can look at pictures and the configuration does not say that they are
     *     delivered all the same
     */
    PictureVerdict judge(ByteString picture, List<String> policies) {
        CheckOutputRequest request = CheckOutputRequest.newBuilder()
                .setImage(picture)
                .addAllPolicies(policies)
                .build();
        PictureVerdict verdict = PictureVerdict.of(safety.call(stub, service -> service.checkOutput(request)));
        if (verdict.verdict() == OutputVerdict.OUTPUT_VERDICT_UNCHECKED && !configuration.deliverUnchecked()) {
            throw new Fault.Internal(
                    "OUTPUT_UNCHECKED",
                    "The safety service has no model that looks at pictures, and unchecked ones are not delivered; give it one, or set"
                            + " darkroom.gateway.deliver-unchecked");
        }
        return verdict;
    }
}
