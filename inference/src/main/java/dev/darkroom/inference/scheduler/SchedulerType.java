// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import java.util.Arrays;
import java.util.List;

/** The samplers there are, under the names that requests use and the class names that model folders use. */
public enum SchedulerType {
    DDIM("ddim", "DDIMScheduler"),
    DDPM("ddpm", "DDPMScheduler"),
    EULER("euler", "EulerDiscreteScheduler"),
    EULER_ANCESTRAL("euler_a", "EulerAncestralDiscreteScheduler"),
    PNDM("pndm", "PNDMScheduler"),
    LMS("lms", "LMSDiscreteScheduler"),
    HEUN("heun", "HeunDiscreteScheduler"),
    DPM2("dpm2", "KDPM2DiscreteScheduler"),
    DPM2_ANCESTRAL("dpm2_a", "KDPM2AncestralDiscreteScheduler"),
    DPM_SOLVER_MULTISTEP("dpmpp_2m", "DPMSolverMultistepScheduler"),
    DPM_SOLVER_MULTISTEP_SDE("dpmpp_2m_sde", "DPMSolverMultistepScheduler"),
    DPM_SOLVER_SINGLESTEP("dpmpp_2s", "DPMSolverSinglestepScheduler"),
    DPM_SOLVER_SDE("dpmpp_sde", "DPMSolverSDEScheduler"),
    UNIPC("unipc", "UniPCMultistepScheduler"),
    LCM("lcm", "LCMScheduler"),
    TCD("tcd", "TCDScheduler"),
    FLOW_MATCH_EULER("flow_match_euler", "FlowMatchEulerDiscreteScheduler");

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

    /** Returns the name that model folders use, for instance "DDIMScheduler". */
    String className() {
        return className;
    }

    /**
     * Returns the names that requests for a model may use. A model that predicts noise knows nothing of flows, nor one of flows of noise: the
     * other kind of sampler would run and draw nonsense.
     *
     * @param own the configuration in the model's folder
     */
    public static List<String> labels(SchedulerConfig own) {
        return Arrays.stream(values())
                .filter(type -> type.suits(own))
                .map(SchedulerType::label)
                .toList();
    }

    private boolean suits(SchedulerConfig own) {
        return (this == FLOW_MATCH_EULER) == own.className().equals(FLOW_MATCH_EULER.className);
    }

    /**
     * Returns the sampler that a request names.
     *
     * @param own as in {@link #labels(SchedulerConfig)}
     * @throws IllegalArgumentException if it is none of those
     */
    public static SchedulerType ofLabel(String label, SchedulerConfig own) {
        return Arrays.stream(values())
                .filter(type -> type.label.equals(label) && type.suits(own))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("scheduler is none of " + labels(own)));
    }

    /**
     * Returns the sampler that a configuration was written for.
     *
     * @throws IllegalArgumentException naming the class and the known ones if it is not one of ours
     */
    public static SchedulerType of(SchedulerConfig config) {
        if (config.className().equals(DPM_SOLVER_MULTISTEP.className)) {
            return DpmSolverAlgorithm.of(config).stochastic() ? DPM_SOLVER_MULTISTEP_SDE : DPM_SOLVER_MULTISTEP;
        }
        return Arrays.stream(values())
                .filter(type -> type.className.equals(config.className()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("scheduler class " + config.className()
                        + " is not available, known are "
                        + Arrays.stream(values())
                                .map(type -> type.className)
                                .distinct()
                                .toList()));
    }

    /** Tells whether an eta above 0 has a meaning. */
    public boolean takesEta() {
        return this == DDIM || this == TCD;
    }

    /**
     * Reads {@code config} as this sampler's, whichever class it was written for (diffusers' {@code from_config}).
     *
     * @param eta stochasticity of DDIM and TCD, 0 to 1; must be 0 for the others
     * @throws IllegalArgumentException naming the option if it has a value that this sampler does not have
     */
    public Scheduler create(SchedulerConfig config, float eta) {
        if (eta != 0 && !takesEta()) {
            throw new IllegalArgumentException("eta is " + eta + ", but " + label + " takes only 0");
        }
        return switch (this) {
            case DDIM -> new DdimScheduler(config, eta);
            case DDPM -> new DdpmScheduler(config);
            case PNDM -> new PndmScheduler(config);
            case LMS -> new LmsScheduler(config);
            case EULER -> new EulerScheduler(config);
            case EULER_ANCESTRAL -> new EulerAncestralScheduler(config);
            case HEUN -> new HeunScheduler(config);
            case DPM2 -> new Dpm2Scheduler(config);
            case DPM2_ANCESTRAL -> new Dpm2AncestralScheduler(config);
            case DPM_SOLVER_MULTISTEP -> new DpmSolverMultistepScheduler(config, false);
            case DPM_SOLVER_MULTISTEP_SDE -> new DpmSolverMultistepScheduler(config, true);
            case DPM_SOLVER_SINGLESTEP -> new DpmSolverSinglestepScheduler(config);
            case DPM_SOLVER_SDE -> new DpmSdeScheduler(config);
            case UNIPC -> new UniPcScheduler(config);
            case LCM -> new LcmScheduler(config);
            case TCD -> new TcdScheduler(config, eta);
            case FLOW_MATCH_EULER -> new FlowMatchEulerScheduler(config);
        };
    }
}
