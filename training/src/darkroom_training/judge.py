# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""The judge: a small convolutional classifier that says what a 64-px picture of the pocket world shows.

It is trained on renders, some of them blurred, noised or passed through the VAE, so that a model is not marked down for its VAE. It names
what is where rather than what a caption calls it: ``first`` is the only, left or upper subject, ``second`` the right or lower one.
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
from diffusers import AutoencoderKL, DiffusionPipeline
from torch import nn
from torch.nn import functional as F
from tqdm import tqdm

from darkroom_training.parallel import Run, train
from darkroom_training.pictures import FIRST_JUDGE_SEED, FIRST_VALIDATION_SEED, encoded, pictures, to_pixels, to_tensor
from darkroom_training.world import Scene, caption, held_out, numbered_scene
from darkroom_training.world.draw import layout
from darkroom_training.world.scene import COLOURS, NAMES, PLAIN, SETTINGS, TIMES

CLASSES = {
    "first": list(NAMES),
    "second": [None, *NAMES],
    "colour": [None, *COLOURS],
    "setting": [*SETTINGS, *(f"plain {colour}" for colour in PLAIN)],
    "time": list(TIMES),
    "count": [1, 2, 3],
    "arrangement": [None, "horizontal", "vertical"],
}
BATCH = 96
PAIR_SHARE = 0.4  # of the pictures, twice what the world has: two small subjects are harder to name than one
RECONSTRUCTED = 8  # every n-th training picture has been through the VAE


def shown(scene: Scene) -> dict[str, object]:
    """What a picture of the scene shows, by CLASSES; ``colour`` is the first subject's."""
    things = layout(scene) if scene.other else layout(scene)[:1]
    vertical = scene.relation == "above"
    things.sort(key=lambda thing: thing.y if vertical else thing.x)
    return {
        "first": things[0].name, "second": things[1].name if scene.other else None, "colour": things[0].colour,
        "setting": scene.setting, "time": scene.time, "count": scene.count,
        "arrangement": None if not scene.other else "vertical" if vertical else "horizontal",
    }  # fmt: skip


def labels(scenes: list[Scene]) -> dict[str, torch.Tensor]:
    seen = [shown(scene) for scene in scenes]
    return {name: torch.tensor([values.index(picture[name]) for picture in seen]) for name, values in CLASSES.items()}


class _Residual(nn.Module):
    """Two convolutions beside the identity, normalized first (He et al. 2016b)."""

    def __init__(self, channels):
        super().__init__()
        self.layers = nn.Sequential(
            nn.GroupNorm(8, channels), nn.ReLU(), nn.Conv2d(channels, channels, 3, 1, 1, bias=False),
            nn.GroupNorm(8, channels), nn.ReLU(), nn.Conv2d(channels, channels, 3, 1, 1, bias=False),
        )  # fmt: skip

    def forward(self, x):
        return x + self.layers(x)


class Judge(nn.Module):
    """(N, 3, 64, 64) in -1..1 -> logits (N, classes) per name of CLASSES. The last 4 x 4 positions stay apart: left and right matter."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 32, 5, 2, 2), _Residual(32),  # 32 x 32
            nn.Conv2d(32, 64, 3, 2, 1), _Residual(64),  # 16 x 16
            nn.Conv2d(64, 128, 3, 2, 1), _Residual(128), _Residual(128),  # 8 x 8
            nn.Conv2d(128, 192, 3, 2, 1), _Residual(192), nn.GroupNorm(8, 192), nn.ReLU(),  # 4 x 4
        )  # fmt: skip
        self.neck = nn.Sequential(nn.Flatten(), nn.Linear(192 * 16, 320), nn.ReLU())
        self.heads = nn.ModuleDict({name: nn.Linear(320, len(values)) for name, values in CLASSES.items()})

    def forward(self, image):
        features = self.neck(self.body(image))
        return {name: head(features) for name, head in self.heads.items()}


def load_judge(file: Path) -> Judge:
    judge = Judge()
    judge.load_state_dict({name: value.float() for name, value in torch.load(file, weights_only=True)["judge"].items()})
    return judge.eval().to(memory_format=torch.channels_last)


def roughened(image: torch.Tensor) -> torch.Tensor:
    """Blurs half of a batch a little and adds noise to half of it."""
    blurred = F.avg_pool2d(F.pad(image, (1, 1, 1, 1), mode="replicate"), 3, 1)
    share = (torch.rand(len(image), 1, 1, 1) * 2 - 1).clamp(min=0)
    noise = torch.randn_like(image) * (torch.rand(len(image), 1, 1, 1) * 0.4 - 0.2).clamp(min=0)
    return torch.lerp(image, blurred, share) + noise


def reconstructed(vae: AutoencoderKL, pixels: np.ndarray) -> np.ndarray:
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        latents = torch.from_numpy(encoded(vae, pixels)).float()
        return np.concatenate([to_pixels(vae.decode(part).sample.float()) for part in latents.split(64)])


@dataclass(frozen=True)
class JudgeTask:
    """Scenes drawn as it goes, held-out ones among them: the judge must not share a model's blind spots."""

    file: Path
    vae: Path
    start: Path | None
    first_seed: int

    def networks(self):
        torch.manual_seed(0)
        judge = load_judge(self.start) if self.start else Judge()
        return {"judge": judge.train().to(memory_format=torch.channels_last)}

    def batches(self, seed: int) -> Iterator[tuple]:
        vae = AutoencoderKL.from_pretrained(self.vae).float().eval()
        rng = random.Random(seed)
        while True:
            seeds = [self._seed(rng) for _ in range(BATCH)]
            pixels = pictures(seeds)
            pixels[::RECONSTRUCTED] = reconstructed(vae, pixels[::RECONSTRUCTED])
            yield roughened(to_tensor(pixels)), labels([numbered_scene(seed) for seed in seeds])

    def _seed(self, rng):
        paired = rng.random() < PAIR_SHARE
        while True:
            seed = self.first_seed + rng.randrange(100_000_000)
            if (numbered_scene(seed).other is not None) == paired:
                return seed

    def loss(self, networks, batch):
        image, truth = batch
        with torch.autocast(image.device.type, torch.bfloat16):
            logits = networks["judge"](image)
        return sum(F.cross_entropy(logits[name].float(), truth[name]) for name in CLASSES)

    def save(self, networks):
        weights = {name: value.half() for name, value in networks["judge"].state_dict().items()}
        torch.save({"judge": weights, "figures": own_figures(networks["judge"].eval(), self.vae)}, self.file)


def own_figures(judge: Judge, vae_folder: Path, count=1000) -> dict[str, dict[str, float]]:
    """What the judge scores on held-out renders, and on what the VAE makes of them."""
    vae = AutoencoderKL.from_pretrained(vae_folder).float().eval()
    seeds = validation_scenes(count, True)
    pixels, scenes = pictures(seeds), [numbered_scene(seed) for seed in seeds]
    return {"renders": judged(judge, scenes, pixels), "renders through the VAE": judged(judge, scenes, reconstructed(vae, pixels))}


@torch.inference_mode()
def answers(judge: Judge, pixels: np.ndarray) -> list[dict[str, object]]:
    """What the judge sees in each picture, by CLASSES.

    The colour is always one of COLOURS, the likeliest: whether a red apple was painted red or is red by nature, no picture tells.
    """
    logits = [judge(to_tensor(part)) for part in np.array_split(pixels, -(-len(pixels) // 256))]
    joined = {name: torch.cat([part[name] for part in logits]) for name in CLASSES}
    joined["colour"][:, CLASSES["colour"].index(None)] = -torch.inf
    best = {name: values.argmax(1).tolist() for name, values in joined.items()}
    return [{name: CLASSES[name][best[name][i]] for name in CLASSES} for i in range(len(pixels))]


def verdict(scene: Scene, seen: dict[str, object]) -> dict[str, bool]:
    """Compares a picture with the scene that its prompt describes; questions that the scene does not ask are left out.

    "Beside" leaves the order open. The colour is asked of single subjects and of the first of a pair whose order the words give.
    """
    pair, ordered = {scene.subject, scene.other}, scene.relation != "beside"
    arrangement = None if not scene.other else "vertical" if scene.relation == "above" else "horizontal"
    subject = seen["first"] == scene.subject if ordered else scene.subject in (seen["first"], seen["second"])
    asked = {"subject": subject, "setting": seen["setting"] == scene.setting, "count": seen["count"] == scene.count}
    if scene.setting in SETTINGS and scene.setting != "space":
        asked["time"] = seen["time"] == scene.time
    if scene.colour and ordered:
        asked["colour"] = seen["colour"] == scene.colour
    if scene.other:
        asked["second subject"] = seen["second"] == scene.other if ordered else scene.other in (seen["first"], seen["second"])
        order = (seen["first"], seen["second"]) == (scene.subject, scene.other) if ordered else {seen["first"], seen["second"]} == pair
        asked["relation"] = order and seen["arrangement"] == arrangement
    return asked


def accuracies(verdicts: list[dict[str, bool]]) -> dict[str, float]:
    """Averages each question over the pictures that it was asked of; ``everything`` counts pictures without a fault."""
    names = ("subject", "second subject", "setting", "time", "colour", "count", "relation")
    asked = {name: [answer[name] for answer in verdicts if name in answer] for name in names}
    shares = {name: sum(values) / len(values) for name, values in asked.items() if values}
    return shares | {"everything": sum(all(answer.values()) for answer in verdicts) / len(verdicts)}


def judged(judge: Judge, scenes: list[Scene], pixels: np.ndarray) -> dict[str, float]:
    return accuracies([verdict(scene, seen) for scene, seen in zip(scenes, answers(judge, pixels), strict=True)])


def validation_scenes(count: int, kept_back: bool) -> list[int]:
    """Finds seeds from the validation range whose scenes are held out of training, or are not."""
    seeds, seed = [], FIRST_VALIDATION_SEED
    while len(seeds) < count:
        if held_out(numbered_scene(seed)) == kept_back:
            seeds.append(seed)
        seed += 1
    return seeds


def generated(pipeline: DiffusionPipeline, prompts: list[str], steps: int, guidance: float, seed: int, batch=16) -> np.ndarray:
    """Generates one picture per prompt, (N, 64, 64, 3) uint8; picture i has the seed ``seed + i``."""
    pictures_ = []
    for start in tqdm(range(0, len(prompts), batch), desc="generating", unit="batch"):
        part = prompts[start : start + batch]
        noise = [torch.Generator("cpu").manual_seed(seed + start + i) for i in range(len(part))]
        images = pipeline(part, num_inference_steps=steps, guidance_scale=guidance, generator=noise, output_type="np").images
        pictures_.append((images * 255).round().astype(np.uint8))
    return np.concatenate(pictures_)


def judge_folder(folder: Path, judge: Judge, count: int, steps: int, guidance: float, device: str) -> dict[str, dict[str, float]]:
    """Judges a model's pictures of ``count`` held-out and ``count`` other validation prompts, worded canonically."""
    pipeline = DiffusionPipeline.from_pretrained(folder, torch_dtype=torch.float32).to(device)
    pipeline.set_progress_bar_config(disable=True)
    figures = {}
    for name, kept_back in (("held out", True), ("seen pairs", False)):
        scenes = [numbered_scene(seed) for seed in validation_scenes(count, kept_back)]
        pixels = generated(pipeline, [caption(scene) for scene in scenes], steps, guidance, seed=1000)
        figures[name] = judged(judge, scenes, pixels)
    return figures


def table(figures: dict[str, dict[str, float]]) -> str:
    """Lays figures out as a Markdown table, one column per set of prompts."""
    rows = ["| | " + " | ".join(figures) + " |", "|---" * (len(figures) + 1) + "|"]
    names = list(next(iter(figures.values())))
    return "\n".join(rows + [f"| {name} | " + " | ".join(f"{figures[column].get(name, 0):.1%}" for column in figures) + " |" for name in names])


def train_main():
    parser = argparse.ArgumentParser(prog="darkroom-train-judge", description="Trains the judge on renders and reports its own accuracy.")
    parser.add_argument("file", type=Path, help="where to write the weights; a training state beside it is resumed")
    parser.add_argument("--vae", type=Path, default=Path("models/pocket-unet/vae"))
    parser.add_argument("--first-seed", type=int, default=FIRST_JUDGE_SEED)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--start", type=Path, help="weights to go on from")
    a = parser.parse_args()
    train(JudgeTask(a.file, a.vae, a.start, a.first_seed), Run(a.file.with_suffix(".training.pt"), a.minutes, a.processes, save_minutes=4))
    print(table(torch.load(a.file, weights_only=True)["figures"]))


def main():
    parser = argparse.ArgumentParser(prog="darkroom-judge", description="Judges the pictures that a model folder makes of held-out prompts.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--judge", type=Path, required=True, help="weights from darkroom-train-judge")
    parser.add_argument("--prompts", type=int, default=256, help="per set")
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--guidance", type=float, default=4.0)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    judge = load_judge(arguments.judge)
    figures = judge_folder(arguments.folder, judge, arguments.prompts, arguments.steps, arguments.guidance, arguments.device)
    figures["the judge on renders"] = torch.load(arguments.judge, weights_only=True)["figures"]["renders"]
    print(table(figures))
    if arguments.json:
        settings = {"prompts_per_set": arguments.prompts, "num_inference_steps": arguments.steps, "guidance_scale": arguments.guidance}
        arguments.json.write_text(json.dumps(settings | {"accuracy": figures}, indent=1) + "\n")


if __name__ == "__main__":
    main()
