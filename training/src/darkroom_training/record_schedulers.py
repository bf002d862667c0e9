# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Records what diffusers' schedulers compute, for the contract test of Darkroom's.

    python -m darkroom_training.record_schedulers inference/src/test/resources/golden/schedulers.json

Every loop starts from a fixed sample and asks a fixed function instead of a network, so that no random generator and no weights
are involved; `model` and `noise` below are repeated in SchedulerContractTest.
"""

import json
import math
import sys

import diffusers
import numpy as np
import torch
from diffusers import DDIMScheduler, DDPMScheduler, EulerDiscreteScheduler
from diffusers.schedulers import scheduling_ddim, scheduling_ddpm

SHAPE = (2, 4, 2, 2)
SIZE = math.prod(SHAPE)
CLASSES = {c.__name__: c for c in (DDIMScheduler, DDPMScheduler, EulerDiscreteScheduler)}

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

# (class that runs, class that the file was written for, options, eta, step counts)
CASES = [
    ("DDIMScheduler", "DDIMScheduler", {}, 0.0, [1, 2, 20, 50, 999, 1000]),
    ("DDIMScheduler", "DDIMScheduler", POCKET, 0.0, [1, 2, 7, 20, 25, 30, 999, 1000]),
    ("DDIMScheduler", "DDIMScheduler", POCKET, 0.7, [2, 25]),
    ("DDIMScheduler", "DDIMScheduler", STABLE_DIFFUSION | {"set_alpha_to_one": False}, 0.0, [1, 20, 999]),
    ("DDIMScheduler", "DDIMScheduler", STABLE_DIFFUSION | {"timestep_spacing": "linspace"} | V, 1.0, [1, 20, 1000]),
    ("DDIMScheduler", "DDIMScheduler", {"beta_schedule": "squaredcos_cap_v2", "clip_sample_range": 0.5} | SAMPLE, 0.3, [20, 50]),
    ("DDIMScheduler", "DDIMScheduler", {"thresholding": True, "dynamic_thresholding_ratio": 0.87, "sample_max_value": 1.4}, 0.0, [20]),
    ("DDIMScheduler", "DDIMScheduler", {"thresholding": True, "sample_max_value": 0.5}, 0.0, [20]),
    ("DDIMScheduler", "DDIMScheduler", {"num_train_timesteps": 20, "trained_betas": [0.01 + 0.02 * i for i in range(20)]}, 0.0, [1, 7, 20]),
    ("DDIMScheduler", "PNDMScheduler", STABLE_DIFFUSION | {"skip_prk_steps": True, "set_alpha_to_one": False}, 0.0, [20]),
    ("DDPMScheduler", "DDPMScheduler", {}, 0.0, [1, 2, 20, 50, 999, 1000]),
    ("DDPMScheduler", "DDPMScheduler", {"variance_type": "fixed_small_log", "timestep_spacing": "linspace"} | SAMPLE, 0.0, [20, 50]),
    ("DDPMScheduler", "DDPMScheduler", {"variance_type": "fixed_large", "beta_schedule": "sigmoid"}, 0.0, [20]),
    ("DDPMScheduler", "DDPMScheduler", {"variance_type": "learned"} | STABLE_DIFFUSION, 0.0, [20]),
    ("DDPMScheduler", "DDPMScheduler", {"variance_type": "learned_range", "beta_schedule": "squaredcos_cap_v2"}, 0.0, [20, 50]),
    ("DDPMScheduler", "DDPMScheduler", {"beta_schedule": "laplace", "thresholding": True, "sample_max_value": 1.5}, 0.0, [20]),
    ("DDPMScheduler", "DDPMScheduler", STABLE_DIFFUSION | V | {"timestep_spacing": "trailing"}, 0.0, [1, 2, 20, 30, 999]),
    ("DDPMScheduler", "DDIMScheduler", POCKET, 0.0, [1, 2, 20, 50, 1000]),
    ("EulerDiscreteScheduler", "EulerDiscreteScheduler", {}, 0.0, [1, 2, 20, 50, 999, 1000]),
    ("EulerDiscreteScheduler", "DDIMScheduler", POCKET, 0.0, [1, 2, 20, 50, 999, 1000]),
    ("EulerDiscreteScheduler", "DDIMScheduler", STABLE_DIFFUSION, 0.0, [20]),
    ("EulerDiscreteScheduler", "EulerDiscreteScheduler", STABLE_DIFFUSION | {"timestep_spacing": "leading"}, 0.0, [1, 20, 30]),
    ("EulerDiscreteScheduler", "EulerDiscreteScheduler", STABLE_DIFFUSION | V | {"timestep_spacing": "trailing"}, 0.0, [20, 30]),
    ("EulerDiscreteScheduler", "EulerDiscreteScheduler", STABLE_DIFFUSION | SAMPLE | {"final_sigmas_type": "sigma_min"}, 0.0, [20]),
    ("EulerDiscreteScheduler", "EulerDiscreteScheduler", {"interpolation_type": "log_linear"}, 0.0, [2, 20]),
    ("EulerDiscreteScheduler", "EulerDiscreteScheduler", STABLE_DIFFUSION | {"use_karras_sigmas": True}, 0.0, [1, 20, 50]),
    (
        "EulerDiscreteScheduler",
        "EulerDiscreteScheduler",
        STABLE_DIFFUSION | V | {"use_exponential_sigmas": True, "sigma_min": 0.1, "sigma_max": 10.0},
        0.0,
        [20],
    ),
    (
        "EulerDiscreteScheduler",
        "EulerDiscreteScheduler",
        V | {"timestep_type": "continuous", "use_karras_sigmas": True, "beta_schedule": "squaredcos_cap_v2"},
        0.0,
        [20],
    ),
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
    if steps <= 30:
        return list(range(steps))
    return sorted({0, 1, 2, steps // 10, steps // 4, steps // 2, 3 * steps // 4, steps - 3, steps - 2, steps - 1})


def numbers(tensor):
    return [float(f"{v:.9g}") for v in tensor.flatten().tolist()]


def loop(cls, written_for, options, eta, steps):
    draws = iter(range(10**6))
    for module in (scheduling_ddim, scheduling_ddpm):
        module.randn_tensor = lambda *args, **kwargs: noise(next(draws))
    config = {"_class_name": written_for} | options
    scheduler = CLASSES[cls].from_config(config)
    scheduler.set_timesteps(steps)
    if len(scheduler.timesteps) != steps:
        raise SystemExit(f"{cls} takes {len(scheduler.timesteps)} steps instead of {steps}: see TimestepSpacing")
    variance_type = getattr(scheduler.config, "variance_type", "fixed_small")
    learned = variance_type if variance_type.startswith("learned") else None
    kwargs = {"eta": eta} if cls == "DDIMScheduler" else {}
    sample = start() * scheduler.init_noise_sigma
    wanted, entries = recorded(steps), []
    for i, t in enumerate(scheduler.timesteps):
        scaled = scheduler.scale_model_input(sample, t)
        result = scheduler.step(model(scaled, t, learned), t, sample, **kwargs)
        sample = result.prev_sample
        if i in wanted:
            entry = {"step": i, "timestep": float(f"{float(t):.9g}"), "prev_sample": numbers(sample)}
            if i in (0, steps - 1):
                entry["pred_original_sample"] = numbers(result.pred_original_sample)
            entries.append(entry)
    return {
        "class": cls,
        "config": config,
        "eta": eta,
        "num_inference_steps": steps,
        "init_noise_sigma": float(f"{float(scheduler.init_noise_sigma):.9g}"),
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


def main():
    golden = {
        "recorded_by": "training/src/darkroom_training/record_schedulers.py",
        "diffusers": diffusers.__version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "shape": SHAPE,
        "spacing_checksums": {s: spacing_checksums(s) for s in ("leading", "trailing", "linspace")},
        "loops": [loop(c, w, o, e, n) for c, w, o, e, counts in CASES for n in counts],
    }
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump(golden, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
