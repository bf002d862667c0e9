# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Records what diffusers' schedulers compute, for the contract test of Darkroom's.

    python -m darkroom_training.record_schedulers inference/src/test/resources/golden/schedulers.json

Every loop starts from a fixed sample and asks a fixed function instead of a network, so that no random generator and no weights
are involved; `model` and `noise` below are repeated in SchedulerContractTest.
"""

import inspect
import json
import math
import sys
import types

import diffusers
import numpy as np
import scipy
import torch
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    DPMSolverSinglestepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    HeunDiscreteScheduler,
    KDPM2AncestralDiscreteScheduler,
    KDPM2DiscreteScheduler,
    LCMScheduler,
    LMSDiscreteScheduler,
    PNDMScheduler,
    TCDScheduler,
    UniPCMultistepScheduler,
)

# Its noise comes from torchsde and a seed of its own; here it walks a path of the recorded draws instead, so torchsde is not needed.
sys.modules.setdefault("torchsde", types.ModuleType("torchsde"))
from diffusers.schedulers import scheduling_dpmsolver_sde  # noqa: E402
from diffusers.schedulers.scheduling_dpmsolver_sde import DPMSolverSDEScheduler  # noqa: E402

SHAPE = (2, 4, 2, 2)
SIZE = math.prod(SHAPE)
RECORDED = slice(1, None, 5)  # of the flattened numbers: every fifth keeps the file small and touches both rows and all channels
CLASSES = {
    c.__name__: c
    for c in (
        DDIMScheduler,
        DDPMScheduler,
        PNDMScheduler,
        EulerDiscreteScheduler,
        EulerAncestralDiscreteScheduler,
        HeunDiscreteScheduler,
        DPMSolverMultistepScheduler,
        UniPCMultistepScheduler,
        LCMScheduler,
        LMSDiscreteScheduler,
        KDPM2DiscreteScheduler,
        KDPM2AncestralDiscreteScheduler,
        DPMSolverSinglestepScheduler,
        DPMSolverSDEScheduler,
        TCDScheduler,
        FlowMatchEulerDiscreteScheduler,
    )
}

STABLE_DIFFUSION = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "clip_sample": False,
    "steps_offset": 1,
}
POCKET = STABLE_DIFFUSION | {
    "prediction_type": "v_prediction",
    "rescale_betas_zero_snr": True,
    "timestep_spacing": "trailing",
    "set_alpha_to_one": True,
}
V = {"prediction_type": "v_prediction"}
SAMPLE = {"prediction_type": "sample"}
FLOW = {"prediction_type": "flow_prediction", "use_flow_sigmas": True}
TRAILING = {"timestep_spacing": "trailing"}
LEADING = {"timestep_spacing": "leading"}
COSINE = {"beta_schedule": "squaredcos_cap_v2"}
KARRAS = {"use_karras_sigmas": True}
EXPONENTIAL = {"use_exponential_sigmas": True}
BETA = {"use_beta_sigmas": True}
SIGMA_MIN = {"final_sigmas_type": "sigma_min"}
THRESHOLD = {"thresholding": True, "dynamic_thresholding_ratio": 0.87, "sample_max_value": 1.4}
CUSTOM_STEPS = [999, 850, 736, 652, 545, 455, 343, 233, 124, 24]  # any falling list


def case(cls, options=None, counts=(10,), written_for=None, **run):
    """`run`: eta, timesteps, sigmas, mu, strength (of LCM and TCD), first_step (of a loop that starts from a noised picture)."""
    return {"class": cls, "written_for": written_for or cls, "options": options or {}, "counts": counts} | run


def ddim(*args, **kwargs):
    return case("DDIMScheduler", *args, **kwargs)


def ddpm(*args, **kwargs):
    return case("DDPMScheduler", *args, **kwargs)


def pndm(*args, **kwargs):
    return case("PNDMScheduler", *args, **kwargs)


def euler(*args, **kwargs):
    return case("EulerDiscreteScheduler", *args, **kwargs)


def ancestral(*args, **kwargs):
    return case("EulerAncestralDiscreteScheduler", *args, **kwargs)


def heun(*args, **kwargs):
    return case("HeunDiscreteScheduler", *args, **kwargs)


def dpm(*args, **kwargs):
    return case("DPMSolverMultistepScheduler", *args, **kwargs)


def unipc(*args, **kwargs):
    return case("UniPCMultistepScheduler", *args, **kwargs)


def lcm(*args, **kwargs):
    return case("LCMScheduler", *args, **kwargs)


def lms(*args, **kwargs):
    return case("LMSDiscreteScheduler", *args, **kwargs)


def dpm2(*args, **kwargs):
    return case("KDPM2DiscreteScheduler", *args, **kwargs)


def dpm2_ancestral(*args, **kwargs):
    return case("KDPM2AncestralDiscreteScheduler", *args, **kwargs)


def single(*args, **kwargs):
    return case("DPMSolverSinglestepScheduler", *args, **kwargs)


def sde(*args, **kwargs):
    return case("DPMSolverSDEScheduler", *args, **kwargs)


def tcd(*args, **kwargs):
    return case("TCDScheduler", *args, **kwargs)


def flow(*args, **kwargs):
    return case("FlowMatchEulerDiscreteScheduler", *args, **kwargs)


SKIP = STABLE_DIFFUSION | {"skip_prk_steps": True}
SDE = {"algorithm_type": "sde-dpmsolver++"}
NOISE_ODE = {"algorithm_type": "dpmsolver"} | SIGMA_MIN
NOISE_SDE = {"algorithm_type": "sde-dpmsolver"} | SIGMA_MIN
HEUN_RULE = {"solver_type": "heun"}
THIRD = {"solver_order": 3}

CASES = [
    ddim(counts=[1, 2, 20, 50, 999, 1000]),
    ddim(POCKET, [1, 2, 7, 20, 25, 30, 999, 1000]),
    ddim(POCKET, [2, 25], eta=0.7),
    ddim(STABLE_DIFFUSION | {"set_alpha_to_one": False}, [1, 20, 999]),
    ddim(STABLE_DIFFUSION | {"timestep_spacing": "linspace"} | V, [1, 20, 1000], eta=1.0),
    ddim(COSINE | {"clip_sample_range": 0.5} | SAMPLE, [20, 50], eta=0.3),
    ddim({"thresholding": True, "dynamic_thresholding_ratio": 0.87, "sample_max_value": 1.4}, [20]),
    ddim({"thresholding": True, "sample_max_value": 0.5}, [20]),
    ddim({"num_train_timesteps": 20, "trained_betas": [0.01 + 0.02 * i for i in range(20)]}, [1, 7, 20]),
    ddim(STABLE_DIFFUSION | {"skip_prk_steps": True, "set_alpha_to_one": False}, [20], "PNDMScheduler"),
    ddim(STABLE_DIFFUSION, [20], first_step=8),
    ddpm(counts=[1, 2, 20, 50, 999, 1000]),
    ddpm({"variance_type": "fixed_small_log", "timestep_spacing": "linspace"} | SAMPLE, [20, 50]),
    ddpm({"variance_type": "fixed_large", "beta_schedule": "sigmoid"}, [20]),
    ddpm({"variance_type": "learned"} | STABLE_DIFFUSION, [20]),
    ddpm({"variance_type": "learned_range"} | COSINE, [20, 50]),
    ddpm({"beta_schedule": "laplace", "thresholding": True, "sample_max_value": 1.5}, [20]),
    ddpm(STABLE_DIFFUSION | V | TRAILING, [1, 2, 20, 30, 999]),
    ddpm(POCKET, [1, 2, 20, 50, 1000], "DDIMScheduler"),
    ddpm(STABLE_DIFFUSION, timesteps=CUSTOM_STEPS),
    ddpm(STABLE_DIFFUSION, [20], first_step=8),
    pndm(counts=[4, 10, 50, 999, 1000]),
    pndm(SKIP, [1, 2, 3, 10, 50, 999]),
    pndm(SKIP | V | {"set_alpha_to_one": True}, [10, 25]),
    pndm(SKIP | TRAILING | {"steps_offset": 0}, [1, 2, 10]),
    pndm(V | STABLE_DIFFUSION | {"timestep_spacing": "linspace"}, [10]),
    pndm({"skip_prk_steps": True, "timestep_spacing": "linspace"}, [2, 10]),
    pndm(STABLE_DIFFUSION, [10], "DDIMScheduler"),
    pndm(SKIP, [10], first_step=4),
    pndm(SKIP, [10], first_step=1),
    pndm({}, [10], first_step=3),
    euler(counts=[1, 2, 20, 50, 999, 1000]),
    euler(POCKET, [1, 2, 20, 50, 999, 1000], "DDIMScheduler"),
    euler(STABLE_DIFFUSION, [20], "DDIMScheduler"),
    euler(STABLE_DIFFUSION | LEADING, [1, 20, 30]),
    euler(STABLE_DIFFUSION | V | TRAILING, [20, 30]),
    euler(STABLE_DIFFUSION | SAMPLE | SIGMA_MIN, [20]),
    euler({"interpolation_type": "log_linear"}, [2, 20]),
    euler({"interpolation_type": "log_linear"} | KARRAS, [10]),
    euler(STABLE_DIFFUSION | KARRAS, [1, 20, 50]),
    euler(STABLE_DIFFUSION | V | EXPONENTIAL | {"sigma_min": 0.1, "sigma_max": 10.0}, [20]),
    euler(V | {"timestep_type": "continuous"} | KARRAS | COSINE, [20]),
    euler(STABLE_DIFFUSION | BETA, [1, 2, 20, 1000]),
    euler(STABLE_DIFFUSION, timesteps=CUSTOM_STEPS),
    euler(STABLE_DIFFUSION, sigmas=[14.6, 7.1, 3.3, 1.2, 0.4, 0.0]),
    euler(STABLE_DIFFUSION, [20], first_step=8),
    ancestral(counts=[1, 2, 10, 999, 1000]),
    ancestral(STABLE_DIFFUSION | V, [10, 30]),
    ancestral(STABLE_DIFFUSION | LEADING, [1, 10]),
    ancestral(POCKET, [1, 2, 10], "DDIMScheduler"),
    ancestral(STABLE_DIFFUSION | TRAILING | V, [10]),
    ancestral(STABLE_DIFFUSION | KARRAS, [10], "EulerDiscreteScheduler"),
    ancestral({"trained_betas": [0.0005 + 0.00002 * i for i in range(200)], "num_train_timesteps": 200}, [10]),
    ancestral(STABLE_DIFFUSION, [10], first_step=4),
    heun(counts=[1, 2, 10, 999, 1000]),
    heun(STABLE_DIFFUSION | KARRAS, [1, 10]),
    heun(STABLE_DIFFUSION | KARRAS | {"sigma_min": 0.1, "sigma_max": 10.0}, [10], "EulerDiscreteScheduler"),
    heun(STABLE_DIFFUSION | V | EXPONENTIAL, [10]),
    heun(STABLE_DIFFUSION | BETA | TRAILING, [10]),
    heun({"beta_schedule": "exp"} | SAMPLE | LEADING, [10]),
    heun({"clip_sample": True, "clip_sample_range": 0.7} | COSINE, [10]),
    heun(POCKET, [10], "DDIMScheduler"),
    heun(STABLE_DIFFUSION, timesteps=CUSTOM_STEPS),
    heun(STABLE_DIFFUSION, [10], first_step=8),
    dpm(counts=[1, 2, 3, 10, 20, 999]),
    dpm(STABLE_DIFFUSION | TRAILING, [1, 2, 10, 999, 1000]),
    dpm(STABLE_DIFFUSION | LEADING | V, [1, 10, 20]),
    dpm(STABLE_DIFFUSION | KARRAS, [1, 2, 10, 20, 1000]),
    dpm(COSINE | KARRAS | V, [10]),
    dpm(STABLE_DIFFUSION | EXPONENTIAL | SIGMA_MIN, [10]),
    dpm(STABLE_DIFFUSION | BETA, [10]),
    dpm(STABLE_DIFFUSION | {"use_lu_lambdas": True}, [2, 10]),
    dpm(POCKET, [1, 2, 10, 20, 1000], "DDIMScheduler"),
    dpm(STABLE_DIFFUSION | SAMPLE | HEUN_RULE, [10, 20]),
    dpm(THIRD | STABLE_DIFFUSION, [1, 2, 3, 10, 20, 999]),
    dpm(THIRD | STABLE_DIFFUSION | V | {"lower_order_final": False, "euler_at_final": True} | SIGMA_MIN, [10]),
    dpm({"solver_order": 1} | STABLE_DIFFUSION, [10]),
    dpm(STABLE_DIFFUSION | {"lower_order_final": False} | SIGMA_MIN, [10]),
    dpm(THRESHOLD | V, [10]),
    dpm(STABLE_DIFFUSION | {"lambda_min_clipped": -5.1} | COSINE, [10]),
    dpm(TRAILING | {"lambda_min_clipped": -1.5}, [10]),
    dpm(SDE | STABLE_DIFFUSION, [1, 2, 10, 20, 999]),
    dpm(SDE | STABLE_DIFFUSION | KARRAS | HEUN_RULE | V, [10, 20]),
    dpm(SDE | STABLE_DIFFUSION | THIRD, [10, 20]),
    dpm(NOISE_ODE | STABLE_DIFFUSION, [10, 20]),
    dpm(NOISE_ODE | STABLE_DIFFUSION | HEUN_RULE | V, [10]),
    dpm(NOISE_ODE | STABLE_DIFFUSION | THIRD | SAMPLE, [10, 20]),
    dpm(NOISE_ODE | THRESHOLD, [10]),
    dpm(NOISE_SDE | STABLE_DIFFUSION, [10]),
    dpm(NOISE_SDE | STABLE_DIFFUSION | HEUN_RULE | V, [10]),
    dpm({"algorithm_type": "deis", "solver_type": "logrho"} | STABLE_DIFFUSION | SIGMA_MIN, [10], "DEISMultistepScheduler"),
    dpm(FLOW | {"flow_shift": 3.0}, [1, 2, 10, 20]),
    dpm(FLOW | {"use_dynamic_shifting": True}, [10], mu=0.9),
    dpm(STABLE_DIFFUSION, timesteps=CUSTOM_STEPS),
    dpm(STABLE_DIFFUSION, [20], first_step=8),
    dpm(STABLE_DIFFUSION | SDE, [10], first_step=3),
    unipc(counts=[1, 2, 3, 10, 20, 999]),
    unipc(STABLE_DIFFUSION | TRAILING, [1, 2, 10, 1000]),
    unipc(STABLE_DIFFUSION | LEADING | V, [10]),
    unipc(STABLE_DIFFUSION | KARRAS, [1, 2, 10, 999]),
    unipc(STABLE_DIFFUSION | KARRAS | SIGMA_MIN | {"sigma_min": 0.05, "sigma_max": 12.0}, [10]),
    unipc(STABLE_DIFFUSION | EXPONENTIAL | SAMPLE, [10]),
    unipc(STABLE_DIFFUSION | BETA, [10]),
    unipc(POCKET, [1, 2, 10, 20], "DDIMScheduler"),
    unipc(THIRD | STABLE_DIFFUSION, [1, 2, 3, 10, 20]),
    unipc(THIRD | STABLE_DIFFUSION | SIGMA_MIN | {"solver_type": "bh1", "disable_corrector": [0, 1, 5]}, [10]),
    unipc({"solver_order": 4, "lower_order_final": False} | STABLE_DIFFUSION | SIGMA_MIN, [10]),
    unipc({"solver_type": "bh1"} | STABLE_DIFFUSION | SIGMA_MIN | V, [10]),
    unipc({"predict_x0": False} | STABLE_DIFFUSION | SIGMA_MIN, [10]),
    unipc({"predict_x0": False} | STABLE_DIFFUSION | SIGMA_MIN | V | THIRD, [10]),
    unipc({"predict_x0": False} | STABLE_DIFFUSION | SIGMA_MIN | SAMPLE, [10]),
    unipc(THRESHOLD | COSINE, [10]),
    unipc({"solver_type": "midpoint"} | STABLE_DIFFUSION, [10], "DPMSolverMultistepScheduler"),
    unipc(FLOW | {"flow_shift": 3.0}, [1, 2, 10]),
    unipc(FLOW | {"use_dynamic_shifting": True, "shift_terminal": 0.1}, [10], mu=1.15),
    unipc(FLOW | {"use_dynamic_shifting": True, "time_shift_type": "linear"}, [10], mu=1.15),
    unipc(FLOW | KARRAS | {"sigma_min": 0.01, "sigma_max": 200.0}, [5]),
    unipc(FLOW | {"flow_shift": 2.0}, sigmas=[1.0, 0.8, 0.5, 0.3, 0.1]),
    unipc(STABLE_DIFFUSION, [20], first_step=8),
    lcm(counts=[1, 2, 4, 8, 50]),
    lcm({"original_inference_steps": 1000}, [1, 2, 999, 1000]),
    lcm(V | {"timestep_scaling": 5.0, "beta_schedule": "linear"}, [1, 4]),
    lcm(SAMPLE | {"clip_sample": True}, [4]),
    lcm(THRESHOLD | {"original_inference_steps": 100}, [4, 7]),
    lcm(POCKET, [4], "DDIMScheduler"),
    lcm(STABLE_DIFFUSION, [4], "PNDMScheduler"),
    lcm(timesteps=[999, 759, 499, 259]),
    lcm(counts=[4], strength=0.7),
    lcm(counts=[8], first_step=3),
    lms(counts=[1, 2, 10, 999, 1000]),
    lms(STABLE_DIFFUSION | LEADING, [3, 10]),
    lms(STABLE_DIFFUSION | TRAILING | V, [10, 30]),
    lms(STABLE_DIFFUSION | KARRAS, [10, 30]),
    lms(STABLE_DIFFUSION | KARRAS | {"sigma_min": 0.1, "sigma_max": 10.0}, [10], "EulerDiscreteScheduler"),
    lms(STABLE_DIFFUSION | EXPONENTIAL | {"sigma_min": 0.1, "sigma_max": 10.0}, [10], "EulerDiscreteScheduler"),
    lms(STABLE_DIFFUSION | BETA | SAMPLE, [10]),
    lms(POCKET, [10], "DDIMScheduler"),
    lms(STABLE_DIFFUSION, [10], first_step=4),
    dpm2(counts=[1, 2, 10, 999, 1000]),
    dpm2(STABLE_DIFFUSION | LEADING, [1, 10]),
    dpm2(STABLE_DIFFUSION | TRAILING | V, [10]),
    dpm2(STABLE_DIFFUSION | KARRAS, [2, 10]),
    dpm2(STABLE_DIFFUSION | EXPONENTIAL, [10]),
    dpm2(STABLE_DIFFUSION | BETA | V, [10]),
    dpm2(STABLE_DIFFUSION, [10], first_step=4),
    dpm2_ancestral(counts=[1, 2, 10, 999, 1000]),
    dpm2_ancestral(STABLE_DIFFUSION | LEADING, [1, 10]),
    dpm2_ancestral(STABLE_DIFFUSION | TRAILING | V, [10]),
    dpm2_ancestral(STABLE_DIFFUSION | KARRAS, [2, 10]),
    dpm2_ancestral(STABLE_DIFFUSION | EXPONENTIAL, [10]),
    dpm2_ancestral(STABLE_DIFFUSION | BETA | V, [10]),
    dpm2_ancestral(STABLE_DIFFUSION, [10], first_step=4),
    single(counts=[1, 2, 3, 10, 999]),
    single(STABLE_DIFFUSION | THIRD, [6, 7, 8, 20]),
    single(STABLE_DIFFUSION | THIRD | HEUN_RULE | V, [9]),
    single(STABLE_DIFFUSION | THIRD | SIGMA_MIN, [9]),
    single(STABLE_DIFFUSION | {"solver_order": 1}, [10]),
    single(STABLE_DIFFUSION | KARRAS | HEUN_RULE, [10]),
    single(STABLE_DIFFUSION | EXPONENTIAL | SIGMA_MIN, [9, 10]),
    single(STABLE_DIFFUSION | BETA | THRESHOLD | SAMPLE, [10]),
    single(STABLE_DIFFUSION | SDE | V, [10]),
    single(STABLE_DIFFUSION | SDE | THIRD, [9]),
    single(STABLE_DIFFUSION | SDE | THIRD | HEUN_RULE, [9]),
    single(STABLE_DIFFUSION | NOISE_ODE | {"lower_order_final": True}, [10]),
    single(STABLE_DIFFUSION | NOISE_ODE | THIRD | HEUN_RULE, [9]),
    single(FLOW | {"flow_shift": 3.0}, [10]),
    single(STABLE_DIFFUSION, timesteps=CUSTOM_STEPS),
    single(STABLE_DIFFUSION, [10], first_step=5),
    sde(counts=[1, 2, 10, 999, 1000]),
    sde(STABLE_DIFFUSION | LEADING, [1, 10]),
    sde(STABLE_DIFFUSION | TRAILING | V, [10]),
    sde(STABLE_DIFFUSION | KARRAS, [2, 10]),
    sde(STABLE_DIFFUSION | EXPONENTIAL, [10]),
    sde(STABLE_DIFFUSION | BETA | V, [10]),
    sde(STABLE_DIFFUSION, [10], first_step=4),
    tcd(counts=[1, 2, 4, 8, 50]),
    tcd({"original_inference_steps": 1000}, [1, 2, 999, 1000], eta=0.3),
    tcd(V, [4], eta=1.0),
    tcd(SAMPLE | {"clip_sample": True, "beta_schedule": "linear"}, [4], eta=0.3),
    tcd(POCKET, [8], "DDIMScheduler", eta=0.7),
    tcd(timesteps=[999, 759, 499, 259], eta=0.3),
    tcd(counts=[4], strength=0.7, eta=0.3),
    tcd(counts=[8], first_step=3, eta=0.3),
    flow(counts=[1, 2, 10, 999, 1000]),
    flow({"shift": 3.0}, [1, 2, 10, 28]),
    flow({"shift": 3.0, "use_dynamic_shifting": True}, [4, 10], mu=1.15),
    flow({"use_dynamic_shifting": True, "shift_terminal": 0.1}, [10], mu=0.9),
    flow({"use_dynamic_shifting": True, "time_shift_type": "linear"}, [10], mu=0.9),
    flow({"shift": 3.0} | KARRAS, [10]),
    flow({"shift": 3.0} | EXPONENTIAL, [10]),
    flow({"shift": 3.0} | BETA, [10]),
    flow({"stochastic_sampling": True}, [10]),
    flow({"invert_sigmas": True, "shift": 2.0}, [10]),
    flow({"shift": 2.0}, sigmas=[1.0, 0.8, 0.5, 0.3, 0.1]),
    flow({"shift": 2.0}, timesteps=[1000, 800, 500, 300, 100]),
    flow({"shift": 3.0}, [10], first_step=4),
]


def start():
    """x[i] = 2 sin(0.7 i + 0.3)"""
    return torch.tensor([2 * math.sin(0.7 * i + 0.3) for i in range(SIZE)], dtype=torch.float32).reshape(SHAPE)


def noise(draw):
    """The k-th draw: 1.4 cos(1.9 i + 0.9 k)"""
    values = [1.4 * math.cos(1.9 * i + 0.9 * draw) for i in range(SIZE)]
    return torch.tensor(values, dtype=torch.float32).reshape(SHAPE)


def model(sample, timestep, learned):
    """0.5 tanh(x) + 0.3 cos(0.01 t + i); a learned variance (positive for "learned") follows as further channels."""
    x = sample.double().flatten().tolist()
    t = float(timestep)
    out = torch.tensor([0.5 * math.tanh(v) + 0.3 * math.cos(0.01 * t + i) for i, v in enumerate(x)], dtype=torch.float32)
    out = out.reshape(SHAPE)
    if learned is None:
        return out
    scale, shift = (0.02, 0.05) if learned == "learned" else (0.9, 0.0)
    variance = torch.tensor([shift + scale * math.tanh(0.3 * v) for v in x], dtype=torch.float32).reshape(SHAPE)
    return torch.cat([out, variance], dim=1)


def recorded(steps):
    """Every step of a short loop, the ends and a few between of a long one."""
    if steps <= 12:
        return list(range(steps))
    if steps <= 100:
        return sorted({0, 1, 2, 3, steps // 3, steps // 2, 2 * steps // 3, steps - 3, steps - 2, steps - 1})
    return [0, 1, 2, steps // 2, steps - 2, steps - 1]


def numbers(tensor):
    return [float(f"{v:.7g}") for v in tensor.flatten()[RECORDED].tolist()]


def planned(scheduler, steps, run):
    """Lays the loop out as the case asks for it."""
    kwargs = {key: run[key] for key in ("timesteps", "sigmas", "mu", "strength") if key in run}
    if "sigmas" in kwargs:  # plain lists do not multiply
        kwargs["sigmas"] = np.array(kwargs["sigmas"])
    if not ("timesteps" in run or "sigmas" in run):
        kwargs["num_inference_steps"] = steps
    scheduler.set_timesteps(**kwargs)
    first = run.get("first_step", 0)
    if hasattr(scheduler, "set_begin_index"):
        # As pipelines do that start from a picture; without it, timesteps that round to the same number are told apart wrongly.
        scheduler.set_begin_index(first)
    return first


def noised(scheduler, timestep):
    at = timestep.reshape(1)
    if hasattr(scheduler, "scale_noise"):
        return scheduler.scale_noise(start(), at, noise(100))
    return scheduler.add_noise(start(), noise(100), at)


class Path:
    """A Brownian path that is drawn increment after increment: to the middle of a step, and from there to its end."""

    draws = iter(())

    def __init__(self, *_):
        self.begin = None

    def __call__(self, sigma, sigma_next):
        fresh = noise(next(Path.draws))
        if self.begin is None:
            self.begin, self.middle, self.first = sigma, sigma_next, fresh
            return fresh
        increments = self.first * (self.begin - self.middle).sqrt() + fresh * (self.middle - sigma_next).sqrt()
        whole = increments / (self.begin - sigma_next).sqrt()
        self.begin = None
        return whole


def loop(wanted, steps):
    draws = iter(range(10**6))
    Path.draws = draws
    scheduling_dpmsolver_sde.BrownianTreeNoiseSampler = Path
    cls = CLASSES[wanted["class"]]
    sys.modules[cls.__module__].randn_tensor = lambda *args, **kwargs: noise(next(draws))
    config = {"_class_name": wanted["written_for"]} | wanted["options"]
    run = {key: value for key, value in wanted.items() if key not in ("class", "written_for", "options", "counts")}
    scheduler = cls.from_config(config)
    first = planned(scheduler, steps, run)
    variance_type = getattr(scheduler.config, "variance_type", None) or "fixed_small"
    learned = variance_type if variance_type.startswith("learned") and cls is DDPMScheduler else None
    kwargs = {"eta": run.get("eta", 0.0)} if "eta" in inspect.signature(scheduler.step).parameters else {}
    sample = noised(scheduler, scheduler.timesteps[first]) if first else start() * getattr(scheduler, "init_noise_sigma", 1.0)
    length = len(scheduler.timesteps)
    keep, entries = [first + i for i in recorded(length - first)], []
    noisy = {"noised": numbers(sample)} if first else {}
    for i, t in list(enumerate(scheduler.timesteps))[first:]:
        scaled = scheduler.scale_model_input(sample, t) if hasattr(scheduler, "scale_model_input") else sample
        result = scheduler.step(model(scaled, t, learned), t, sample, **kwargs)
        sample = result.prev_sample
        if i in keep:
            entry = {"step": i, "timestep": float(f"{float(t):.9g}"), "prev_sample": numbers(sample)}
            original = getattr(result, "pred_original_sample", getattr(result, "denoised", None))
            if i in (first, length - 1) and original is not None:
                entry["pred_original_sample"] = numbers(original)
            entries.append(entry)
    if not torch.isfinite(sample).all():
        raise SystemExit(f"no finite end: {wanted} x {steps}")
    return {
        "class": wanted["class"],
        "config": config,
        "num_inference_steps": steps,
        **run,
        "length": length,
        "init_noise_sigma": float(f"{float(getattr(scheduler, 'init_noise_sigma', 1.0)):.9g}"),
        **noisy,
        "steps": entries,
    }


def spacing_checksums(spacing):
    """Sum of (i + 1) timestep_i for 1 to 1,000 steps; without the step at -1 that some counts get (see TimestepSpacing)."""
    scheduler = DDIMScheduler(timestep_spacing=spacing)
    sums = []
    for steps in range(1, 1001):
        scheduler.set_timesteps(steps)
        sums.append(sum((i + 1) * t for i, t in enumerate(scheduler.timesteps.tolist()) if t >= 0))
    return sums


def counts(wanted):
    custom = wanted.get("timesteps") or wanted.get("sigmas")
    return [len(custom)] if custom else wanted["counts"]


def main():
    golden = {
        "recorded_by": "training/src/darkroom_training/record_schedulers.py",
        "diffusers": diffusers.__version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "shape": SHAPE,
        "recorded": [RECORDED.start, RECORDED.step],
        "spacing_checksums": {s: spacing_checksums(s) for s in ("leading", "trailing", "linspace")},
        "loops": [loop(wanted, steps) for wanted in CASES for steps in counts(wanted)],
    }
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump(golden, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
