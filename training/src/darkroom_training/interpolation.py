# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Trains the pocket interpolation: two frames and a time between them -> the frame of that time.

Three stages estimate, from coarse to fine, how far each place of the new frame lies from where it is in either frame, and which of the two
shows it (as RIFE does: Huang et al. 2022, "Real-Time Intermediate Flow Estimation"); the last one corrects what moving pixels cannot show.
"""

import argparse
import json
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

from darkroom_training.clips import FIRST_CLIP_SEED, FRAME_RATE
from darkroom_training.optimizers import Rates
from darkroom_training.parallel import Run, train
from darkroom_training.world import Scene, draw, held_out, sample
from darkroom_training.world.draw import CLIP_SECONDS

MULTIPLE = 8  # of which height and width must be multiples
BATCH = 12
SIZES = (64, 96, 128, 256)  # px of the drawings that pieces of PIECE px or less are cut from
PIECE = 96
ROUGH = 0.02  # largest standard deviation of the noise on the given frames
STAGE_SHARE = 0.3  # of the loss: the stages before the last


class _Stage(nn.Module):
    """(N, C, H, W) -> four channels of flow (px) and one of mask at full size, with ``further`` more; computed at 1 / 2^halvings."""

    def __init__(self, channels, width, halvings, layers, further=0):
        super().__init__()
        down = [nn.Sequential(nn.Conv2d(channels if i == 0 else width, width, 3, 2, 1), nn.PReLU(width)) for i in range(halvings)]
        body = [nn.Sequential(nn.Conv2d(width, width, 3, 1, 1), nn.PReLU(width)) for _ in range(layers)]
        self.down, self.body = nn.Sequential(*down), nn.ModuleList(body)
        self.heads = nn.Conv2d(width, 4 * (5 + further), 3, 1, 1)
        self.halvings = halvings
        nn.init.zeros_(self.heads.weight)
        nn.init.zeros_(self.heads.bias)

    def forward(self, x):
        x = self.down(x)
        for layer in self.body:
            x = x + layer(x)
        x = F.pixel_shuffle(self.heads(x), 2)
        factor = 2 ** (self.halvings - 1)
        return F.interpolate(x, scale_factor=float(factor), mode="bilinear", align_corners=False) if factor > 1 else x


class PocketInterpolation(nn.Module):
    """img0, img1 (N, 3, H, W) in 0..1 and timestep (N, 1, 1, 1) in 0..1 -> the frames of that time, (N, 3, H, W) in 0..1."""

    def __init__(self, widths=(64, 64, 32)):
        super().__init__()
        self.stages = nn.ModuleList([_Stage(7, widths[0], 3, 4), _Stage(18, widths[1], 2, 4), _Stage(18, widths[2], 1, 3, further=3)])

    def forward(self, img0, img1, timestep):
        return self.every_stage(img0, img1, timestep)[-1].clamp(0, 1)

    def every_stage(self, img0, img1, timestep) -> list[torch.Tensor]:
        time = timestep.expand(-1, 1, img0.shape[2], img0.shape[3])
        found, corrections, frames = self.stages[0](torch.cat([img0, img1, time], 1)), 0.0, []
        for stage in self.stages[1:]:
            warped0, warped1, frame = self.blended(img0, img1, found)
            frames.append(frame)
            seen = stage(torch.cat([img0, img1, warped0, warped1, time, found], 1))
            found, corrections = found + seen[:, :5], seen[:, 5:]
        return [*frames, self.blended(img0, img1, found)[2] + corrections]

    @staticmethod
    def blended(img0, img1, found):
        """Warps both frames by the flow of ``found`` (N, 5, H, W) and mixes them by its mask."""
        warped0, warped1, share = warped(img0, found[:, :2]), warped(img1, found[:, 2:4]), torch.sigmoid(found[:, 4:])
        return warped0, warped1, warped0 * share + warped1 * (1 - share)


def warped(image: torch.Tensor, flow: torch.Tensor) -> torch.Tensor:
    """Takes each pixel of (N, 3, H, W) from where ``flow`` (N, 2, H, W), in px to the right and down, points."""
    height, width = image.shape[2:]
    x = torch.arange(width, dtype=flow.dtype).view(1, 1, width) + flow[:, 0]
    y = torch.arange(height, dtype=flow.dtype).view(1, height, 1) + flow[:, 1]
    grid = torch.stack([x * (2 / (width - 1)) - 1, y * (2 / (height - 1)) - 1], -1)
    return F.grid_sample(image, grid, mode="bilinear", padding_mode="border", align_corners=True)


def moving_scene(rng: random.Random) -> Scene:
    while True:
        scene = sample(rng, other=0.15, several=0.1, coloured=0.2, moving=0.95)
        if not held_out(scene):
            return scene


def triple(rng: random.Random, scene: Scene, size: int) -> tuple[np.ndarray, float]:
    """Draws two frames of FRAME_RATE and one between them, (3, side, side, 3) uint8, and says when the last one is, in 0..1."""
    start, share = rng.uniform(0, CLIP_SECONDS - 1 / FRAME_RATE), rng.choice((1 / 3, 2 / 3, rng.uniform(0.05, 0.95)))
    frames = np.stack([np.asarray(draw(scene, size, t=start + part / FRAME_RATE)) for part in (0, 1, share)])
    side = min(size, PIECE)
    x, y = rng.randint(0, size - side), rng.randint(0, size - side)
    return frames[:, y : y + side, x : x + side], share


@dataclass(frozen=True)
class InterpolationTask:
    folder: Path
    start: Path | None

    def networks(self):
        torch.manual_seed(0)
        return {"interpolation": load(self.start) if self.start else PocketInterpolation()}

    def batches(self, seed: int) -> Iterator[tuple]:
        rng = random.Random(FIRST_CLIP_SEED + seed)
        noise = torch.Generator().manual_seed(seed)
        while True:
            size = rng.choice(SIZES)
            drawn, shares = zip(*(triple(rng, moving_scene(rng), size) for _ in range(BATCH * (2 if size == 64 else 1))), strict=True)
            frames = torch.from_numpy(np.stack(drawn)).permute(1, 0, 4, 2, 3).float() / 255
            rough = torch.rand(frames.shape[1], 1, 1, 1, generator=noise) * ROUGH
            first, second = (frame + rough * torch.randn(frame.shape, generator=noise) for frame in frames[:2])
            yield first, second, torch.tensor(shares).view(-1, 1, 1, 1).float(), frames[2]

    def loss(self, networks, batch):
        first, second, share, truth = batch
        frames = networks["interpolation"].every_stage(first, second, share)
        losses = [distance(frame, truth) for frame in frames]
        return losses[-1] + STAGE_SHARE * sum(losses[:-1])

    def save(self, networks):
        save(self.folder, networks["interpolation"])


def distance(frame: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Charbonnier's distance of the pixels, and that of their differences to the neighbours: ghosts have weak edges."""
    error = frame - truth
    parts = (error, error.diff(dim=2), error.diff(dim=3))
    return sum((part.square() + 1e-6).sqrt().mean() for part in parts)


def save(folder: Path, network: PocketInterpolation):
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: values.half().contiguous() for name, values in network.state_dict().items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"_class_name": "PocketInterpolation", "multiple_of": MULTIPLE}) + "\n", encoding="utf-8")


def load(folder: Path) -> PocketInterpolation:
    network = PocketInterpolation()
    network.load_state_dict({name: values.float() for name, values in load_file(folder / "model.safetensors").items()})
    return network


def main():
    parser = argparse.ArgumentParser(
        prog="darkroom-train-interpolation", description="Trains the network that draws frames between frames; resumes by itself."
    )
    parser.add_argument("folder", type=Path, help="where the training state and the model folder `model` go")
    parser.add_argument("--start", type=Path, help="a model folder to start from")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    a = parser.parse_args()
    train(InterpolationTask(a.folder / "model", a.start), Run(a.folder / "training.pt", a.minutes, a.processes, Rates(8e-4, 8e-4)))


if __name__ == "__main__":
    main()
