// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.darkroom.inference.onnx.Fingerprint;
import dev.darkroom.media.v1.Reproducibility;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Writes what decides a picture's bytes beside its parameters, in the two forms that callers see. */
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

    /** Returns what differs between two, for people; empty where equal bytes can be expected. */
    static Optional<String> difference(
            dev.darkroom.media.v1.Fingerprint theirs, dev.darkroom.media.v1.Fingerprint ours) {
        if (!theirs.getDarkroomVersion().equals(ours.getDarkroomVersion())) {
            return Optional.of("version of Darkroom");
        }
        if (!theirs.getModelDigest().equals(ours.getModelDigest())) {
            return Optional.of("model");
        }
        if (!theirs.getRuntime().equals(ours.getRuntime())) {
            return Optional.of("inference runtime");
        }
        return theirs.getCpuFeatures().equals(ours.getCpuFeatures()) ? Optional.empty() : Optional.of("CPU");
    }

    /** Adds the object "fingerprint" under the proto's names. */
    static void put(Fingerprint fingerprint, ObjectNode json) {
        json.putObject("fingerprint")
                .put("model_digest", fingerprint.modelDigest())
                .put("runtime", fingerprint.runtime())
                .put("cpu_features", fingerprint.cpu())
                .put("darkroom_version", version());
    }

    /** Returns Darkroom's version from the jar's manifest. */
    private static String version() {
        @Nullable String version = Fingerprints.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }
}
