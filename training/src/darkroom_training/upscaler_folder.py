# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Writes what a StableDiffusionUpscalePipeline folder has around its networks, so that diffusers and Darkroom read the same model."""

import copy
import json
import math
from pathlib import Path

import diffusers
import torch
from diffusers import AutoencoderKL

# The scaling factor that diffusers' StableDiffusionUpscalePipeline uses whatever the VAE's configuration says.
SCALING_FACTOR = 0.08333

# As stable-diffusion-x4-upscaler has it: the noise that the small picture gets, by its level.
LOW_RES_SCHEDULER = {
    "_class_name": "DDPMScheduler", "_diffusers_version": diffusers.__version__, "beta_end": 0.02, "beta_schedule": "scaled_linear",
    "beta_start": 0.0001, "clip_sample": True, "num_train_timesteps": 1000, "trained_betas": None, "variance_type": "fixed_small",
}  # fmt: skip


@torch.no_grad()
def folded_vae(vae: AutoencoderKL) -> AutoencoderKL:
    """Returns a VAE with the same scaled latents and the same pictures whose scaling factor is :data:`SCALING_FACTOR`.

    The ratio of the two factors moves into the 1x1 convolutions beside the latents. A denoiser trained on ``vae``'s scaled latents goes on as it is.
    """
    folded = copy.deepcopy(vae)
    ratio = vae.config.scaling_factor / SCALING_FACTOR
    channels = vae.config.latent_channels  # means first, log variances after them
    folded.quant_conv.weight[:channels] *= ratio
    folded.quant_conv.bias[:channels] *= ratio
    folded.quant_conv.bias[channels:] += 2 * math.log(ratio)
    folded.post_quant_conv.weight /= ratio
    folded.register_to_config(scaling_factor=SCALING_FACTOR)
    return folded


def write_index(folder: Path, scheduler: dict, max_noise_level: int, defaults: dict):
    """Writes model_index.json, both schedulers' configurations and the defaults (num_inference_steps, guidance_scale, noise_level)."""
    parts = {
        "scheduler": ["diffusers", scheduler["_class_name"]], "low_res_scheduler": ["diffusers", "DDPMScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"], "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"],
    }  # fmt: skip
    absent = {name: [None, None] for name in ("feature_extractor", "safety_checker", "watermarker")}
    head = {"_class_name": "StableDiffusionUpscalePipeline", "_diffusers_version": diffusers.__version__, "max_noise_level": max_noise_level}
    write(folder / "model_index.json", head | parts | absent)
    write(folder / "scheduler/scheduler_config.json", scheduler)
    write(folder / "low_res_scheduler/scheduler_config.json", LOW_RES_SCHEDULER)
    write(folder / "generation_defaults.json", defaults)


def write(path: Path, value: dict):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", encoding="utf-8")
