// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import java.util.Arrays;
import java.util.List;

/** The samplers there are, under the names that requests use and the class names that model folders use. */
public enum SchedulerType {
    DDIM("ddim", "DDIMScheduler"),
    DDPM("ddpm", "DDPMScheduler"),
    EULER("euler", "EulerDiscreteScheduler");

    private final String label;
    private final String className;

    SchedulerType(String label, String className) {
        this.label = label;
        this.className = className;
    }

    /** Returns the name that requests use, for instance "ddim". */
    public String label() {
        return label;
    }

    /** Returns every name that requests may use. */
    public static List<String> labels() {
        return Arrays.stream(values()).map(SchedulerType::label).toList();
    }

    /**
     * Returns the sampler that a request names.
     *
     * @throws IllegalArgumentException naming the known ones if there is no such sampler
     */
    public static SchedulerType ofLabel(String label) {
        return Arrays.stream(values())
                .filter(type -> type.label.equals(label))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("unknown scheduler, known are " + labels()));
    }

    /**
     * Returns the sampler that a configuration was written for.
     *
     * @throws IllegalArgumentException naming the class and the known ones if it is not one of ours
     */
    public static SchedulerType of(SchedulerConfig config) {
        return Arrays.stream(values())
                .filter(type -> type.className.equals(config.className()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("scheduler class " + config.className()
                        + " is not available, known are "
                        + Arrays.stream(values()).map(type -> type.className).toList()));
    }

    /**
     * Reads {@code config} as this sampler's, whichever class it was written for (diffusers' {@code from_config}).
     *
     * @param eta stochasticity of DDIM, 0 to 1; must be 0 for the others
     * @throws IllegalArgumentException naming the option if it has a value that this sampler does not have
     */
    public Scheduler create(SchedulerConfig config, float eta) {
        if (this != DDIM && eta != 0) {
            throw new IllegalArgumentException("eta is " + eta + ", but " + label + " takes only 0");
        }
        return switch (this) {
            case DDIM -> new DdimScheduler(config, eta);
            case DDPM -> new DdpmScheduler(config);
            case EULER -> new EulerScheduler(config);
        };
    }
}
