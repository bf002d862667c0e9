# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures as a captioner meets them: drawn at 64 to 256 px, some cropped, saved as JPEG, and brought to 64 px by the image processor's filter.

A shard is an uncompressed ``shard-00000.npz`` of up to SHARD views, made of consecutive seeds; existing shards are kept. Held-out scenes are
left out, and of the scenes with one subject so many that PAIR_SHARE have two: those are harder to describe. Arrays, N views each:

    seeds    (N) int64                 ``numbered_scene(seed)`` is the scene
    pixels   (N, 64, 64, 3) uint8      every RECONSTRUCTED-th has been through the VAE
"""

import argparse
import io
import os
import random
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from PIL import Image
from tqdm import tqdm

from darkroom_training.judge import reconstructed
from darkroom_training.world import draw, held_out, numbered_scene
from darkroom_training.world.sprites import font_file

SHARD = 2000
SIDE = 64
FILTER = Image.BILINEAR  # ViTImageProcessor's own choice
FIRST_VIEW_SEED = 300_000_000
PAIR_SHARE = 0.4
RECONSTRUCTED = 6
SIZES = (64, 64, 64, 64, 80, 96, 128, 128, 192, 256)  # px, drawn from by lot
CROPPED, JPEG = 0.4, 0.3
SMALLEST_CROP = 0.88  # of either side: what is left, right, small or one of three must stay so
QUALITIES = (40, 95)


def view(seed: int) -> np.ndarray:
    """Draws the scene of a seed as it may be met, (64, 64, 3) uint8; the same seed gives the same picture."""
    rng = random.Random(seed)
    image = draw(numbered_scene(seed), rng.choice(SIZES))
    if rng.random() < CROPPED:
        image = cropped(image, rng)
    if rng.random() < JPEG:
        image = compressed(image, rng.randint(*QUALITIES))
    return np.asarray(image if image.size == (SIDE, SIDE) else image.resize((SIDE, SIDE), FILTER))


def cropped(image: Image.Image, rng: random.Random) -> Image.Image:
    """Cuts a little off: each side keeps SMALLEST_CROP to all of its length, so that the shape may change as well."""
    width, height = (round(length * rng.uniform(SMALLEST_CROP, 1)) for length in image.size)
    x, y = rng.randint(0, image.width - width), rng.randint(0, image.height - height)
    return image.crop((x, y, x + width, y + height))


def compressed(image: Image.Image, quality: int) -> Image.Image:
    """Passes a picture through JPEG."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


def chosen_seeds(span: range) -> list[int]:
    """Chooses the seeds of a shard: none held out, and all pairs but only so many of the others."""
    seeds = [seed for seed in span if not held_out(numbered_scene(seed))]
    paired = [seed for seed in seeds if numbered_scene(seed).other]
    single = [seed for seed in seeds if not numbered_scene(seed).other]
    return sorted(paired + single[: round(len(paired) * (1 - PAIR_SHARE) / PAIR_SHARE)])


def draw_shard(index: int, folder: Path, first_seed: int, vae_folder: Path) -> int:
    """Draws one shard unless it is there; returns how many views it holds."""
    torch.set_num_threads(1)
    path = folder / f"shard-{index:05d}.npz"
    if path.exists():
        return len(np.load(path)["seeds"])
    span = 2 * SHARD  # a fifth of the scenes are pairs: about half of the seeds are chosen
    seeds = chosen_seeds(range(first_seed + index * span, first_seed + (index + 1) * span))
    pixels = np.stack([view(seed) for seed in seeds])
    pixels[::RECONSTRUCTED] = reconstructed(AutoencoderKL.from_pretrained(vae_folder).float().eval(), pixels[::RECONSTRUCTED])
    partial_file = path.with_suffix(".partial.npz")
    np.savez(partial_file, seeds=np.array(seeds), pixels=pixels)
    partial_file.replace(path)
    return len(seeds)


def main():
    parser = argparse.ArgumentParser(prog="darkroom-draw-views", description="Draws pictures for the captioner, roughened as real ones are.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shards", type=int, default=60, help=f"of about {SHARD} views each")
    parser.add_argument("--first-seed", type=int, default=FIRST_VIEW_SEED)
    parser.add_argument("--vae", type=Path, default=Path("models/pocket-unet/vae"), help="AutoencoderKL that some pictures pass through")
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
