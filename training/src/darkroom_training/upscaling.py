# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Runs an upscaler folder: whole pictures in batches by diffusers, large ones in overlapping tiles.

Tiles are denoised together (Bar-Tal et al. 2023, MultiDiffusion): each step predicts every tile, averages the predictions with weights that
fall towards a tile's borders, and steps once for the whole picture. The VAE decodes the same tiles, and the pixels are averaged in the same way.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import StableDiffusionUpscalePipeline
from PIL import Image
from tqdm import tqdm

from darkroom_training.picture_cache import PictureCache, digest_of, model_digest, pixels_digest
from darkroom_training.pictures import to_pixels, to_tensor

SCALE = 4
TILE, OVERLAP = 64, 16  # px of the small picture, and latents
BATCH = 8


@dataclass(frozen=True)
class UpscaleSampling:
    """How pictures are enlarged; ``dtype`` as in ``Sampling``."""

    num_inference_steps: int
    guidance_scale: float
    noise_level: int
    dtype: str = "float32"

    @staticmethod
    def of(folder: Path, dtype: str = "float32") -> "UpscaleSampling":
        """Reads a folder's own defaults."""
        defaults = json.loads((folder / "generation_defaults.json").read_text())
        return UpscaleSampling(*(defaults[name] for name in ("num_inference_steps", "guidance_scale", "noise_level")), dtype)

    def autocast(self):
        return torch.autocast("cpu", torch.bfloat16) if self.dtype == "bfloat16" else nullcontext()


def load_upscaler(folder: Path) -> StableDiffusionUpscalePipeline:
    pipeline = StableDiffusionUpscalePipeline.from_pretrained(folder, torch_dtype=torch.float32)
    pipeline.unet.to(memory_format=torch.channels_last)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@torch.inference_mode()
def upscale(pipeline, pixels: np.ndarray, prompts: Sequence[str], seeds: Sequence[int], sampling: UpscaleSampling) -> np.ndarray:
    """Enlarges one batch (N, h, w, 3) uint8 to (N, 4 h, 4 w, 3), picture i with noise of its own generator."""
    image = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    noise = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
    with sampling.autocast():
        latents = pipeline(
            list(prompts), image, num_inference_steps=sampling.num_inference_steps, guidance_scale=sampling.guidance_scale,
            noise_level=sampling.noise_level, generator=noise, output_type="latent",
        ).images  # fmt: skip
    return to_pixels(pipeline.vae.decode(latents.float() / pipeline.vae.config.scaling_factor).sample)


def bicubic(pixels: np.ndarray) -> np.ndarray:
    """Enlarges pictures four times with Pillow's bicubic filter."""
    return np.stack([np.asarray(Image.fromarray(p).resize((p.shape[1] * SCALE, p.shape[0] * SCALE), Image.BICUBIC)) for p in pixels])


def reduced(pixels: np.ndarray) -> np.ndarray:
    """Averages blocks of 4 x 4 px, (N, 4 h, 4 w, 3) uint8 to (N, h, w, 3)."""
    n, height, width, channels = pixels.shape
    blocks = pixels.reshape(n, height // SCALE, SCALE, width // SCALE, SCALE, channels).astype(np.float32)
    return blocks.mean((2, 4)).round().astype(np.uint8)


def starts(length: int) -> list[int]:
    """Where tiles begin along a side: every TILE - OVERLAP, the last one at the end."""
    return [*range(0, length - TILE, TILE - OVERLAP), length - TILE]


def borders(length: int) -> list[int]:
    """Where tiles begin or end inside a side of ``length``."""
    return sorted({edge for start in starts(length) for edge in (start, start + TILE)} - {0, length})


def ramp(side: int, overlap: int) -> torch.Tensor:
    """Weights (side, side) of a tile's cells: 1 inside, falling linearly over the overlap towards every border, never 0."""
    distance = torch.arange(side, dtype=torch.float32) + 0.5
    along = torch.minimum(distance, side - distance).div(overlap).clamp(max=1)
    return along[:, None] * along


def averaged(values: torch.Tensor, scale: int, predict: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
    """Applies ``predict`` to all tiles of (1, C, h, w) in batches and averages what it returns, which is ``scale`` times as large."""
    places = [(y, x) for y in starts(values.shape[2]) for x in starts(values.shape[3])]
    weight = ramp(TILE * scale, OVERLAP * scale)
    total, weights = None, torch.zeros(1, 1, values.shape[2] * scale, values.shape[3] * scale)
    for part in (places[i : i + BATCH] for i in range(0, len(places), BATCH)):
        predicted = predict(torch.cat([values[:, :, y : y + TILE, x : x + TILE] for y, x in part])).float()
        for tile, (y, x) in zip(predicted, part, strict=True):
            area = (..., slice(y * scale, (y + TILE) * scale), slice(x * scale, (x + TILE) * scale))
            total = torch.zeros(1, tile.shape[0], *weights.shape[2:]) if total is None else total
            total[area] += tile * weight
            weights[area] += weight
    return total / weights


@torch.inference_mode()
def upscale_tiled(pipeline, pixels: np.ndarray, prompt: str, seed: int, sampling: UpscaleSampling) -> np.ndarray:
    """Enlarges a picture (h, w, 3) uint8 of at least one tile to (4 h, 4 w, 3); of one tile it is ``upscale``'s picture."""
    guided = sampling.guidance_scale > 1
    positive, negative = pipeline.encode_prompt(prompt, "cpu", 1, guided)
    noise = torch.Generator("cpu").manual_seed(seed)
    low = to_tensor(pixels[None])
    low = pipeline.low_res_scheduler.add_noise(low, torch.randn(low.shape, generator=noise), torch.tensor([sampling.noise_level]))
    latents = torch.randn(1, pipeline.vae.config.latent_channels, *low.shape[2:], generator=noise) * pipeline.scheduler.init_noise_sigma
    pipeline.scheduler.set_timesteps(sampling.num_inference_steps)

    def predict(tiles, states, t):
        levels = torch.full((len(tiles),), sampling.noise_level)
        with sampling.autocast():
            return pipeline.unet(tiles, t, states.expand(len(tiles), -1, -1), class_labels=levels).sample.float()

    def guide(tiles, t):
        conditional = predict(tiles, positive, t)
        if not guided:
            return conditional
        free = predict(tiles, negative, t)
        return free + sampling.guidance_scale * (conditional - free)

    for t in pipeline.scheduler.timesteps:
        scaled = pipeline.scheduler.scale_model_input(latents, t)
        v = averaged(torch.cat((scaled, low), 1), 1, lambda tiles, t=t: guide(tiles, t))
        latents = pipeline.scheduler.step(v, t, latents).prev_sample
    return to_pixels(averaged(latents / pipeline.vae.config.scaling_factor, SCALE, lambda tiles: pipeline.vae.decode(tiles).sample))[0]


def seams(pixels: np.ndarray, at: Sequence[int], grid: int = 1) -> float:
    """How much steeper pictures (N, H, H, 3) are across the lines at ``at`` than elsewhere: the ratio of mean absolute differences.

    With ``grid`` elsewhere are only lines at its multiples: an enlargement may be steeper there, tiles or no tiles.
    """
    image = torch.from_numpy(pixels).float()
    across = torch.stack([image.diff(dim=1).abs().mean((0, 2, 3)), image.diff(dim=2).abs().mean((0, 1, 3))]).mean(0)
    lines = torch.arange(1, len(across) + 1)
    border = torch.isin(lines, torch.tensor(list(at)))
    return float(across[border].mean() / across[~border & (lines % grid == 0)].mean())


class Upscaler:
    """Enlarges with a folder, or takes pictures from the cache."""

    def __init__(self, folder: Path, cache: PictureCache, sampling: UpscaleSampling):
        self.cache, self.sampling, self.digest = cache, sampling, model_digest(folder)
        self.pipeline = load_upscaler(folder)

    def __call__(self, pixels: np.ndarray, prompts: Sequence[str], seeds: Sequence[int], what: str = "upscaling") -> np.ndarray:
        """Enlarges pictures (N, h, w, 3) uint8 in batches."""
        parts = [slice(i, i + BATCH) for i in range(0, len(pixels), BATCH)]
        return np.concatenate([self._part(pixels[part], prompts[part], seeds[part]) for part in tqdm(parts, desc=what, unit="batch")])

    def tiled(self, pixels: np.ndarray, prompts: Sequence[str], seeds: Sequence[int]) -> np.ndarray:
        """Enlarges large pictures (N, h, w, 3) uint8 in tiles, one after the other."""
        rows = zip(pixels, prompts, seeds, strict=True)
        return np.stack([self._tiled(*row) for row in tqdm(rows, total=len(pixels), desc="tiles", unit="picture")])

    def _part(self, pixels, prompts, seeds):
        key = self._key("whole", pixels, list(prompts), list(seeds))
        return self.cache.get(key, lambda: upscale(self.pipeline, pixels, prompts, seeds, self.sampling))

    def _tiled(self, pixels, prompt, seed):
        key = self._key(f"tiles {TILE} {OVERLAP}", pixels, prompt, seed)
        return self.cache.get(key, lambda: upscale_tiled(self.pipeline, pixels, prompt, seed, self.sampling))

    def _key(self, how, pixels, *rest):
        return digest_of(self.digest, asdict(self.sampling), how, pixels_digest(pixels), *rest)
