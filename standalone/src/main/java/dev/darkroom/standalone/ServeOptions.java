// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * How the services of one JVM run.
 *
 * @param gatewayPort loopback port of the gateway; 0 takes a free one
 * @param models folder whose folders are the models
 * @param denoisers {@code darkroom.text2image.models}
 * @param probe whether to time the models first, which pays for those who stay
 * @param modelServices which services with models run, beside safety-svc and the gateway
 */
public record ServeOptions(
        int gatewayPort, Path models, List<String> denoisers, boolean probe, Set<String> modelServices) {
    static final String TEXT2IMAGE = "text2image-svc";
    static final String CAPTION = "caption-svc";

    private static final String DEFAULT_MODEL = "pocket-unet";
    private static final String ALL_OTHERS = "*";
    private static final String UPSCALERS = "*upscalers";

    public ServeOptions {
        denoisers = List.copyOf(denoisers);
        modelServices = Set.copyOf(modelServices);
    }

    /** For services that stay: all of them. */
    public ServeOptions(int gatewayPort, Path models) {
        this(gatewayPort, models, all(models), true, Set.of(TEXT2IMAGE, CAPTION));
    }

    /** For a program that needs the services only while it runs. */
    public static ServeOptions onFreePorts() {
        return with(TEXT2IMAGE, CAPTION);
    }

    /** For a command that needs some of the services, and only while it runs. */
    static ServeOptions with(String... modelServices) {
        Path models = shippedModels();
        return new ServeOptions(0, models, all(models), false, Set.of(modelServices));
    }

    /**
     * Leaves out the models that a drawing does not need, which would take a part of its time.
     *
     * @param model that draws, or empty for the default
     * @param refiner that finishes, or empty for none
     */
    ServeOptions drawing(String model, String refiner) {
        List<String> needed = Stream.of(model.isEmpty() ? DEFAULT_MODEL : model, refiner)
                .filter(name -> !name.isEmpty())
                .toList();
        return needed.stream().allMatch(name -> isModel(models.resolve(name)))
                ? new ServeOptions(
                        gatewayPort,
                        models,
                        Stream.concat(needed.stream(), Stream.of(UPSCALERS)).toList(),
                        probe,
                        modelServices)
                : this;
    }

    private static List<String> all(Path models) {
        return isModel(models.resolve(DEFAULT_MODEL)) ? List.of(DEFAULT_MODEL, ALL_OTHERS) : List.of();
    }

    private static boolean isModel(Path folder) {
        return Files.isRegularFile(folder.resolve("model_index.json"));
    }

    /** The models beside the launcher, which names its folder. */
    static Path shippedModels() {
        return Path.of(System.getProperty("darkroom.home", ""), "models");
    }
}
