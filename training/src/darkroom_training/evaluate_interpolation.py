# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Measures an interpolation folder on held-out moving scenes against linear blending; writes ``figures.json`` and ``sheet.png``."""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from darkroom_training.clips import FIRST_CLIP_VALIDATION_SEED, FRAME_RATE, numbered_clip
from darkroom_training.figures import Figures
from darkroom_training.interpolation import PocketInterpolation, load
from darkroom_training.picture_cache import model_digest
from darkroom_training.sheets import save_png, sheet
from darkroom_training.world import Scene, draw, held_out
from darkroom_training.world.scene import MOTIONS

SHARES = (1 / 3, 2 / 3)
SHEET_BYTES = 400_000


def held_out_motions(count: int) -> list[tuple[int, Scene]]:
    """Finds moving scenes of the validation range that training never drew."""
    found, seed = [], FIRST_CLIP_VALIDATION_SEED
    while len(found) < count:
        scene = numbered_clip(seed)
        if scene.motion and held_out(scene):
            found.append((seed, scene))
        seed += 1
    return found


def psnr(frame: torch.Tensor, truth: torch.Tensor) -> float:
    """Peak signal to noise ratio of frames (3, H, W) in 0..1, of their 8-bit forms, in dB."""
    error = (frame.mul(255).round() - truth.mul(255).round()).square().mean() / 255**2
    return float(-10 * torch.log10(error.clamp(min=1e-10)))


def drawn(scene: Scene, size: int, at: float) -> torch.Tensor:
    return torch.from_numpy(np.asarray(draw(scene, size, t=at)).copy()).permute(2, 0, 1).float() / 255


@torch.inference_mode()
def measured(network: PocketInterpolation, scenes: list[tuple[int, Scene]], size: int) -> dict:
    """PSNR of the frames at a third and two thirds between two of FRAME_RATE, ours and blended, over all scenes and by motion."""
    rows = []
    for seed, scene in scenes:
        start = (seed % 15) / FRAME_RATE
        first, second = drawn(scene, size, start), drawn(scene, size, start + 1 / FRAME_RATE)
        for share in SHARES:
            truth = drawn(scene, size, start + share / FRAME_RATE)
            ours = network(first[None], second[None], torch.tensor(share).view(1, 1, 1, 1))[0]
            rows.append((scene.motion, psnr(ours, truth), psnr(first * (1 - share) + second * share, truth)))
    by_motion = {motion: [row[1:] for row in rows if row[0] == motion] for motion in MOTIONS}
    return {name: summary(values) for name, values in {"all": [row[1:] for row in rows], **by_motion}.items() if values}


def summary(values: list[tuple[float, float]]) -> dict:
    ours, blended = np.array(values).T
    return {"frames": len(values), "ours": round(float(ours.mean()), 2), "blended": round(float(blended.mean()), 2)}


@torch.inference_mode()
def page(network: PocketInterpolation, scenes: list[tuple[int, Scene]], size: int):
    """Rows of: blended, ours, truth."""
    pictures, words = [], []
    for _, scene in scenes:
        first, second, truth = (drawn(scene, size, at / FRAME_RATE) for at in (3, 4, 3.5))
        ours = network(first[None], second[None], torch.tensor(0.5).view(1, 1, 1, 1))[0]
        for frame, name in (((first + second) / 2, "blended"), (ours, "ours"), (truth, "truth")):
            pictures.append(frame.mul(255).round().byte().permute(1, 2, 0).numpy())
            words.append(f"{scene.subject} {scene.motion}: {name}")
    return sheet(np.stack(pictures), words, columns=6, lines=1)


def main():
    parser = argparse.ArgumentParser(prog="darkroom-evaluate-interpolation", description="Measures an interpolation folder against linear blending.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--output", type=Path, default=Path("build/evaluated/pocket-interpolation"))
    parser.add_argument("--scenes", type=int, default=200)
    a = parser.parse_args()
    network, scenes = load(a.folder).eval(), held_out_motions(a.scenes)
    figures = Figures(a.output, model_digest(a.folder), scenes=a.scenes)
    for size in (64, 256):
        figures.put(f"psnr at {size} px", measured(network, scenes, size))
    save_png(page(network, scenes[:10], 128), a.output / "sheet.png", SHEET_BYTES)
    print(json.dumps(figures.values, indent=1))


if __name__ == "__main__":
    main()
