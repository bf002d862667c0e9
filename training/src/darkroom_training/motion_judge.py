# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""The judge of motion: a small network that says how the subject of a clip moves. Its features are those of our Frechet video distance.

It is trained on renders, some of them blurred and noised. What a clip shows it does not say: that is for the judge of pictures.
"""

import argparse
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from darkroom_training.clips import FIRST_CLIP_JUDGE_SEED, FIRST_CLIP_VALIDATION_SEED, clip, numbered_clip
from darkroom_training.judge import roughened
from darkroom_training.parallel import Run, train
from darkroom_training.world.scene import MOTIONS

CLASSES = (None, *MOTIONS)
BATCH = 16
FEATURES = 96


class MotionJudge(nn.Module):
    """(N, F, 3, 64, 64) in -1..1 -> logits (N, 9) by CLASSES, and features (N, FEATURES).

    Neighbouring frames are looked at in pairs: what moves shows in them, and where it moves to in the order of the pairs.
    """

    def __init__(self):
        super().__init__()
        self.pairs = nn.Sequential(
            nn.Conv2d(9, 24, 5, 2, 2), nn.GroupNorm(4, 24), nn.ReLU(), nn.Conv2d(24, 48, 3, 2, 1), nn.GroupNorm(8, 48), nn.ReLU(),
            nn.Conv2d(48, 64, 3, 2, 1), nn.GroupNorm(8, 64), nn.ReLU(), nn.Conv2d(64, 64, 3, 2, 1), nn.GroupNorm(8, 64), nn.ReLU(),
            nn.Flatten(), nn.Linear(64 * 16, FEATURES),
        )  # fmt: skip
        self.order = nn.Sequential(
            nn.Conv1d(FEATURES, FEATURES, 3, 1, 1),
            nn.ReLU(),
            nn.Conv1d(FEATURES, FEATURES, 3, 1, 1),
            nn.ReLU(),
            nn.Conv1d(FEATURES, FEATURES, 3, 1, 1),
        )
        self.head = nn.Linear(FEATURES, len(CLASSES))

    def forward(self, clips):
        first, second = clips[:, :-1], clips[:, 1:]
        pairs = torch.cat([first, second, second - first], 2)
        seen = self.pairs(pairs.flatten(0, 1)).view(*pairs.shape[:2], FEATURES)
        features = self.order(seen.transpose(1, 2)).mean(2)
        return self.head(F.relu(features)), features


def to_clips(pixels: np.ndarray) -> torch.Tensor:
    """Turns (N, F, H, W, 3) uint8 into (N, F, 3, H, W) float32 in -1..1."""
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 1, 4, 2, 3).float().div(127.5).sub(1)


@dataclass(frozen=True)
class MotionJudgeTask:
    file: Path

    def networks(self):
        torch.manual_seed(0)
        return {"judge": MotionJudge().train()}

    def batches(self, seed: int) -> Iterator[tuple]:
        rng = random.Random(seed)
        while True:
            scenes = [numbered_clip(FIRST_CLIP_JUDGE_SEED + rng.randrange(100_000_000)) for _ in range(BATCH)]
            clips = to_clips(np.stack([clip(scene) for scene in scenes]))
            clips = roughened(clips.flatten(0, 1)).view(clips.shape)
            yield clips, torch.tensor([CLASSES.index(scene.motion) for scene in scenes])

    def loss(self, networks, batch):
        clips, truth = batch
        with torch.autocast("cpu", torch.bfloat16):
            logits, _ = networks["judge"](clips)
        return F.cross_entropy(logits.float(), truth)

    def save(self, networks):
        torch.save({"judge": {name: value.half() for name, value in networks["judge"].state_dict().items()}}, self.file)


def load_motion_judge(file: Path) -> MotionJudge:
    judge = MotionJudge()
    judge.load_state_dict({name: value.float() for name, value in torch.load(file, weights_only=True)["judge"].items()})
    return judge.eval()


@torch.inference_mode()
def seen(judge: MotionJudge, pixels: np.ndarray) -> tuple[list[str | None], np.ndarray]:
    """What moves how in each clip (N, F, H, W, 3), and the clips' features (N, FEATURES)."""
    parts = [judge(to_clips(part)) for part in np.array_split(pixels, -(-len(pixels) // 32))]
    motions = torch.cat([logits for logits, _ in parts]).argmax(1).tolist()
    return [CLASSES[i] for i in motions], torch.cat([features for _, features in parts]).double().numpy()


def main():
    parser = argparse.ArgumentParser(
        prog="darkroom-train-motion-judge", description="Trains the judge of motion on renders and reports its own accuracy."
    )
    parser.add_argument("file", type=Path, help="where to write the weights; a training state beside it is resumed")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--clips", type=int, default=300, help="renders to report on")
    a = parser.parse_args()
    train(MotionJudgeTask(a.file), Run(a.file.with_suffix(".training.pt"), a.minutes, a.processes))
    scenes = [numbered_clip(FIRST_CLIP_VALIDATION_SEED + i) for i in range(a.clips)]
    found, _ = seen(load_motion_judge(a.file), np.stack([clip(scene) for scene in scenes]))
    print(f"right: {sum(motion == scene.motion for motion, scene in zip(found, scenes, strict=True)) / a.clips:.1%} of {a.clips} renders")


if __name__ == "__main__":
    main()
