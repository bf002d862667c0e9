# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""The held-out scenes that models are measured on, as drawn, as the VAE gives them back, and as a model makes them of their captions."""

from dataclasses import dataclass

import numpy as np
import torch
from diffusers import AutoencoderKL

from darkroom_training.generated import Generator, Sampling
from darkroom_training.judge import validation_scenes
from darkroom_training.pictures import pictures, to_pixels, to_tensor
from darkroom_training.world import Scene, caption, numbered_scene

FIRST_SEED = 1000  # of the noise: picture i has FIRST_SEED + i


@dataclass(frozen=True)
class Captioned:
    """Scenes of the validation range, worded canonically, and the pictures (N, 64, 64, 3) uint8 made of the captions."""

    scenes: list[Scene]
    captions: list[str]
    generated: np.ndarray


def captioned(count: int, kept_back: bool, generate: Generator, sampling: Sampling) -> Captioned:
    """Generates the pictures of the first ``count`` validation scenes, of those that are held out of training or of those that are not."""
    scenes = [numbered_scene(seed) for seed in validation_scenes(count, kept_back)]
    captions = [caption(scene) for scene in scenes]
    what = "held out" if kept_back else "seen pairs"
    return Captioned(scenes, captions, generate(captions, range(FIRST_SEED, FIRST_SEED + count), sampling, what))


def renders(first: int, count: int, size: int = 64) -> np.ndarray:
    """Draws held-out validation scenes from the ``first`` on, (N, size, size, 3) uint8."""
    return pictures(validation_scenes(first + count, True)[first:], size)


@torch.inference_mode()
def reconstructions(vae: AutoencoderKL, pixels: np.ndarray, batch=50) -> np.ndarray:
    """Passes pictures through a VAE in float32, taking the means of the posteriors."""
    parts = to_tensor(pixels).split(batch)
    return np.concatenate([to_pixels(vae.decode(vae.encode(part).latent_dist.mean).sample) for part in parts])
