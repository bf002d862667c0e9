// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2video;

import dev.darkroom.inference.onnx.Fingerprint;
import dev.darkroom.media.v1.Reproducibility;
import org.jspecify.annotations.Nullable;

/** Writes what decides a clip's bytes beside its parameters, as callers see it. */
final class Fingerprints {
    private Fingerprints() {}

    static dev.darkroom.media.v1.Fingerprint toProto(Fingerprint fingerprint) {
        return dev.darkroom.media.v1.Fingerprint.newBuilder()
                .setModelDigest(fingerprint.modelDigest())
                .setRuntime(fingerprint.runtime())
                .setCpuFeatures(fingerprint.cpu())
                .setDarkroomVersion(version())
                .setReproducibility(toProto(fingerprint.reproducibility()))
                .build();
    }

    private static Reproducibility toProto(Fingerprint.Reproducibility reproducibility) {
        return switch (reproducibility) {
            case BYTES -> Reproducibility.REPRODUCIBILITY_BYTES;
            case ROUNDING -> Reproducibility.REPRODUCIBILITY_ROUNDING;
        };
    }

    /** Returns Darkroom's version from the jar's manifest. */
    private static String version() {
        @Nullable String version = Fingerprints.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }
}
