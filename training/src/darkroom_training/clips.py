# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Draws moving scenes into shards of clips: the latents that a VAE makes of every frame.

A shard is an uncompressed ``shard-00000.npz`` of up to SHARD clips, made of consecutive seeds; existing shards are kept. Held-out scenes are left
out. Arrays, N clips of FRAMES frames each:

    seeds    (N) int64                       ``numbered_clip(seed)`` is the scene
    masks    (N, FRAMES, 16, 16) uint8       share of each latent cell that subjects cover
    latents  (N, FRAMES, C, 16, 16) float16  unscaled: the mean of the posterior
"""

import argparse
import os
import random
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from tqdm import tqdm

from darkroom_training.pictures import encoded
from darkroom_training.world import Scene, draw, held_out, sample, subject_mask
from darkroom_training.world.sprites import font_file

SHARD = 200
FRAMES, FRAME_RATE = 16, 8
FIRST_CLIP_SEED = 1_200_000_000
FIRST_CLIP_JUDGE_SEED = 1_500_000_000
FIRST_CLIP_VALIDATION_SEED = 1_900_000_000


def numbered_clip(seed: int) -> Scene:
    """Draws the scene of a clip's seed: most of them move, and few have two subjects."""
    return sample(random.Random(seed), other=0.12, several=0.08, coloured=0.2, moving=0.88)


def times(frames: int = FRAMES, frame_rate: float = FRAME_RATE) -> list[float]:
    return [i / frame_rate for i in range(frames)]


def clip(scene: Scene, frames: int = FRAMES, frame_rate: float = FRAME_RATE, size: int = 64) -> np.ndarray:
    """Draws a clip, (frames, size, size, 3) uint8."""
    return np.stack([np.asarray(draw(scene, size, t=t)) for t in times(frames, frame_rate)])


def draw_shard(index: int, folder: Path, first_seed: int, vae_folder: Path):
    torch.set_num_threads(1)
    path = folder / f"shard-{index:05d}.npz"
    if path.exists():
        return
    span = range(first_seed + index * SHARD, first_seed + (index + 1) * SHARD)
    scenes = {seed: scene for seed in span if not held_out(scene := numbered_clip(seed))}
    vae = AutoencoderKL.from_pretrained(vae_folder).float().eval()
    latents = np.stack([encoded(vae, clip(scene)) for scene in scenes.values()])
    masks = np.stack([[subject_mask(scene, t=t) for t in times()] for scene in scenes.values()])
    partial_file = path.with_suffix(".partial.npz")
    np.savez(partial_file, seeds=np.array(list(scenes)), masks=masks, latents=latents)
    partial_file.replace(path)


def main():
    parser = argparse.ArgumentParser(
        prog="darkroom-draw-clips", description="Draws training clips into shards of latents; held-out scenes are left out."
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shards", type=int, default=60, help=f"of {SHARD} seeds each")
    parser.add_argument("--first-seed", type=int, default=FIRST_CLIP_SEED)
    parser.add_argument("--vae", type=Path, default=Path("models/pocket-unet/vae"))
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    a = parser.parse_args()
    font_file()
    a.folder.mkdir(parents=True, exist_ok=True)
    work = partial(draw_shard, folder=a.folder, first_seed=a.first_seed, vae_folder=a.vae)
    with ProcessPoolExecutor(a.processes) as pool, tqdm(total=a.shards, unit="shard") as bar:
        for _ in pool.map(work, range(a.shards)):
            bar.update()


if __name__ == "__main__":
    main()
