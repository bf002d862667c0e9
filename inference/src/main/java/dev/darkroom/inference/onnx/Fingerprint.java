// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What, beside a request's own parameters, decides the bytes of a picture: equal fingerprints promise equal pictures, as equal as
 * {@code reproducibility} says.
 *
 * @param modelDigest SHA-256 of the model's files, in hexadecimal
 * @param runtime name, version and provider, such as {@code onnxruntime 1.29.0 cpu}
 * @param cpu architecture and the instruction sets that the runtime's kernels choose by, such as {@code amd64 avx avx2 fma}
 */
public record Fingerprint(String modelDigest, String runtime, String cpu, Reproducibility reproducibility) {
    /** How equal the pictures of equal fingerprints are. */
    public enum Reproducibility {
        /** To the byte, whatever the number of threads and the company in a batch. */
        BYTES,
        /** But for rounding: kernels are chosen anew at each start, or add up in no fixed order. */
        ROUNDING
    }

    private static final Set<String> KERNEL_FEATURES = Set.of(
            "avx",
            "avx2",
            "fma",
            "avx512f",
            "avx512bw",
            "avx512dq",
            "avx512vl",
            "avx512_vnni",
            "avx512_bf16",
            "avx_vnni",
            "amx_tile",
            "amx_int8",
            "asimd",
            "asimddp",
            "asimdhp",
            "bf16",
            "i8mm",
            "sve",
            "sve2");

    static Fingerprint of(String modelDigest, SessionSettings settings) {
        String runtime = "onnxruntime " + OrtModel.environment().getVersion();
        return switch (settings.provider()) {
            case CPU -> new Fingerprint(modelDigest, runtime + " cpu", cpuFeatures(), Reproducibility.BYTES);
            case CUDA -> new Fingerprint(modelDigest, runtime + " cuda", cpuFeatures(), Reproducibility.ROUNDING);
        };
    }

    private static String cpuFeatures() {
        return Stream.concat(Stream.of(System.getProperty("os.arch")), kernelFeatures())
                .collect(Collectors.joining(" "));
    }

    /** Linux lists them as {@code flags} (x86) or {@code Features} (ARM); elsewhere the architecture alone must do. */
    private static Stream<String> kernelFeatures() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            List<String> words = lines.filter(line -> line.startsWith("flags") || line.startsWith("Features"))
                    .findFirst()
                    .map(line -> List.of(line.substring(line.indexOf(':') + 1).split(" ")))
                    .orElse(List.of());
            return words.stream().filter(KERNEL_FEATURES::contains).sorted();
        } catch (IOException e) {
            return Stream.empty();
        }
    }
}
