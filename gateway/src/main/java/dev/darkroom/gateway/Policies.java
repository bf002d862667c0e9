// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import java.util.List;
import java.util.stream.Stream;

/** The safety policies that apply to a request beside the server's own. All of them do, and the strictest counts. */
final class Policies {
    private Policies() {}

    /** The policies of the caller's API key and of the request. */
    static List<String> ofCaller(String requested) {
        return together(ofKey(), requested);
    }

    /** The policy of the caller's API key; usually none. */
    static List<String> ofKey() {
        return together(List.of(), ApiKeyInterceptor.policyOfCaller());
    }

    /** Adds the policy of a request, if it names one. */
    static List<String> together(List<String> policies, String requested) {
        return Stream.concat(policies.stream(), Stream.of(requested))
                .filter(policy -> !policy.isEmpty())
                .distinct()
                .toList();
    }
}
