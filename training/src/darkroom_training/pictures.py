# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Draws scenes into shards: pictures, or the latents that a VAE makes of them.

A shard is an uncompressed ``shard-00000.npz`` of up to SHARD scenes, made of consecutive seeds; existing shards are kept, so a run that
was stopped goes on where it was. Held-out scenes are left out. Arrays, N scenes each:

    seeds    (N) int64            ``numbered_scene(seed)`` is the scene
    masks    (N, 16, 16) uint8    share of each latent cell that subjects cover
    pixels   (N, 64, 64, 3) uint8              without --vae
    latents  (N, C, 16, 16) float16, unscaled   with --vae: the mean of the posterior
"""

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from tqdm import tqdm

from darkroom_training.world import draw, held_out, numbered_scene, subject_mask
from darkroom_training.world.sprites import font_file

SHARD = 4000
SIZE = 64
FIRST_TRAINING_SEED = 2_000_000
FIRST_JUDGE_SEED = 500_000_000
FIRST_VALIDATION_SEED = 900_000_000
WINDOW_SOURCE = 256  # px of the drawings that sharp windows are cut from
WINDOWS = 4  # cut out of each of them


def pictures(seeds: list[int], size: int = SIZE) -> np.ndarray:
    """Draws the scenes of some seeds, (N, size, size, 3) uint8."""
    return np.stack([np.asarray(draw(numbered_scene(seed), size)) for seed in seeds])


def windows(seeds: list[int]) -> np.ndarray:
    """Cuts 64-px windows out of scenes drawn at 256 px, (WINDOWS N, 64, 64, 3) uint8: edges as the upscaler's VAE meets them."""
    return np.concatenate([_windows(seed) for seed in seeds])


def _windows(seed):
    rng = np.random.default_rng(seed)
    image = np.asarray(draw(numbered_scene(seed), WINDOW_SOURCE))
    return np.stack([sharp_window(image, SIZE, rng) for _ in range(WINDOWS)])


def sharp_window(image: np.ndarray, side: int, rng: np.random.Generator) -> np.ndarray:
    """Cuts the sharper of two random windows of ``side`` px out of a picture (H, W, 3): flat sky teaches nothing."""

    def cut():
        y, x = (rng.integers(0, length - side + 1) for length in image.shape[:2])
        return image[y : y + side, x : x + side]

    def edges(window):
        return np.abs(np.diff(window[::2, ::2, 1].astype(np.int16), axis=0)).sum()

    return max((cut(), cut()), key=edges)


def to_tensor(pixels: np.ndarray) -> torch.Tensor:
    """Turns (N, H, W, 3) uint8 into (N, 3, H, W) float32 in -1..1."""
    image = torch.from_numpy(pixels).permute(0, 3, 1, 2).float().div(127.5).sub(1)
    return image.contiguous(memory_format=torch.channels_last)


def to_pixels(image: torch.Tensor) -> np.ndarray:
    """Turns (N, 3, H, W) in -1..1 into (N, H, W, 3) uint8, rounding as diffusers does."""
    return image.add(1).mul(127.5).clamp(0, 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()


@torch.inference_mode()
def encoded(vae: AutoencoderKL, pixels: np.ndarray, batch=64) -> np.ndarray:
    """Encodes pictures to the means of their posteriors, (N, C, 16, 16) float16, unscaled."""
    with torch.autocast(vae.device.type, torch.bfloat16):
        parts = [vae.encode(to_tensor(part).to(vae.device)).latent_dist.mean for part in np.array_split(pixels, max(1, len(pixels) // batch))]
    return torch.cat(parts).half().cpu().numpy()


def draw_shard(index: int, folder: Path, first_seed: int, scenes: int, vae_folder: Path | None) -> int:
    """Draws one shard unless it is there; returns how many seeds it covers."""
    torch.set_num_threads(1)
    path = folder / f"shard-{index:05d}.npz"
    span = range(first_seed + index * SHARD, first_seed + min(scenes, (index + 1) * SHARD))
    if not path.exists():
        seeds = [seed for seed in span if not held_out(numbered_scene(seed))]
        arrays = {"seeds": np.array(seeds), "masks": np.stack([subject_mask(numbered_scene(seed)) for seed in seeds])}
        drawn = pictures(seeds)
        arrays |= {"latents": encoded(AutoencoderKL.from_pretrained(vae_folder).float(), drawn)} if vae_folder else {"pixels": drawn}
        partial_file = path.with_suffix(".partial.npz")
        np.savez(partial_file, **arrays)
        partial_file.replace(path)
    return len(span)


def load_shards(folder: Path) -> dict[str, np.ndarray]:
    """Reads all shards of a folder and joins their arrays."""
    files = sorted(path for path in folder.glob("shard-*.npz") if ".partial" not in path.name)
    if not files:
        raise SystemExit(f"{folder}: no shard-*.npz; draw some with darkroom-draw")
    shards = [np.load(file) for file in files]
    return {name: np.concatenate([shard[name] for shard in shards]) for name in shards[0].files}


def main():
    parser = argparse.ArgumentParser(prog="darkroom-draw", description="Draws training scenes into shards; held-out scenes are left out.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scenes", type=int, default=200_000, help="seeds to go through (8 %% of them are held out)")
    parser.add_argument("--first-seed", type=int, default=FIRST_TRAINING_SEED)
    parser.add_argument("--vae", type=Path, help="folder of an AutoencoderKL: write its latents in place of pictures")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    font_file()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    work = partial(draw_shard, folder=arguments.folder, first_seed=arguments.first_seed, scenes=arguments.scenes, vae_folder=arguments.vae)
    with ProcessPoolExecutor(arguments.processes) as pool, tqdm(total=arguments.scenes, unit="scene") as bar:
        for covered in pool.map(work, range(-(-arguments.scenes // SHARD))):
            bar.update(covered)


if __name__ == "__main__":
    main()
