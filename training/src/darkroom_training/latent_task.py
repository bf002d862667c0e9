# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""What the denoisers of cached latents share: their batches, their loss and the head start of their text encoders.

The loss is the mean squared error of v (Salimans & Ho 2022), heavier where subjects are: that leaves the optimum where it is and spends
the gradient on what is hard. Time steps are drawn logit-normally (Esser et al. 2024) around the noise levels at which shapes are decided,
a fifth of them uniformly. The weights that are written are their exponential moving average.
"""

import argparse
import os
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import nn
from transformers import PreTrainedTokenizer

from darkroom_training import text
from darkroom_training.network import new_scheduler
from darkroom_training.optimizers import Rates
from darkroom_training.parallel import Run, train
from darkroom_training.pictures import load_shards
from darkroom_training.world import numbered_scene

SUBJECT_WEIGHT = 5.0  # more of the error where a subject covers the cell
TIME_MEAN, TIME_SPREAD, UNIFORM_SHARE = 0.6, 1.0, 0.2
PAIR_SHARE = 0.4  # of the scenes, more than the fifth that the world has: two subjects are harder than one
AVERAGE = 0.998
FINAL_SHARE = 0.45  # of the time, in which the rates fall to nothing


def time_steps(size: int, noise: torch.Generator) -> torch.Tensor:
    """Draws time steps, (N) int64 in 0..999: logit-normal and stratified, a share of them uniform."""
    strata = (torch.randperm(size, generator=noise) + torch.rand(size, generator=noise)) / size
    normal = torch.special.ndtri(strata.clamp(1e-4, 1 - 1e-4))
    shaped = (torch.sigmoid(TIME_MEAN + TIME_SPREAD * normal) * 1000).long().clamp(0, 999)
    uniform = torch.randint(0, 1000, (size,), generator=noise)
    return torch.where(torch.rand(size, generator=noise) < UNIFORM_SHARE, uniform, shaped)


def noised(latents: torch.Tensor, noise: torch.Tensor, alphas_cumprod: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns the noised latents and v, both (N, C, ...); ``alphas_cumprod`` (N) is that of each row's time step."""
    signal, spread = (value.sqrt().view(-1, *(1,) * (latents.ndim - 1)) for value in (alphas_cumprod, 1 - alphas_cumprod))
    return signal * latents + spread * noise, signal * noise - spread * latents


def weighted_error(predicted: torch.Tensor, v: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """Means the squared error of (N, C, ...), subjects' cells (masks (N, ...) in 0..1) counting more."""
    weight = 1 + SUBJECT_WEIGHT * masks.unsqueeze(1)
    return ((predicted.float() - v).square() * weight).sum() / weight.expand_as(v).sum()


Target = Callable[[list[str], torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""What to predict, of captions, noised latents, time steps and v."""


@dataclass(frozen=True)
class LatentTask(ABC):
    """A denoiser and its text encoder, which learn together from cached latents."""

    folder: Path
    latents: Path
    vae: Path
    tokenizer: Path
    start: Path | None
    batch: int  # scenes per step and process
    text_steps: int

    @abstractmethod
    def load_tokenizer(self) -> PreTrainedTokenizer: ...

    @abstractmethod
    def new_text_encoder(self) -> nn.Module: ...

    @abstractmethod
    def read(self, text_encoder: nn.Module, ids: torch.Tensor) -> torch.Tensor:
        """Returns one vector per caption, (N, D), for the head start."""

    def pretrain(self):
        """Gives a new text encoder its head start, once."""
        if not self.start and self.text_steps and not self.head_start.exists():
            text_encoder = self.new_text_encoder()
            text.pretrain(text_encoder, self.load_tokenizer(), self.text_steps, self.read)
            text_encoder.save_pretrained(self.head_start / "text_encoder")

    @property
    def head_start(self) -> Path:
        return self.folder.with_name("head-start")

    def text_encoder(self) -> nn.Module:
        """Builds the text encoder: that of ``start``, or a new one with its head start."""
        text_encoder = self.new_text_encoder()
        start = self.start or (self.head_start if self.head_start.exists() else None)
        return type(text_encoder).from_pretrained(start / "text_encoder").float() if start else text_encoder

    def target(self) -> Target:
        """Returns what is predicted: v."""
        return lambda captions, sample, steps, v: v

    def batches(self, seed: int) -> Iterator[tuple]:
        """Draws noised latents, time steps, token ids, targets and masks."""
        shards = load_shards(self.latents)
        scenes = [numbered_scene(int(number)) for number in shards["seeds"]]
        pairs, others = ([i for i, scene in enumerate(scenes) if (scene.other is not None) == paired] for paired in (True, False))
        scale = AutoencoderKL.load_config(self.vae)["scaling_factor"]
        tokenizer, target = self.load_tokenizer(), self.target()
        rng = random.Random(seed)
        noise = torch.Generator().manual_seed(rng.getrandbits(32))
        alphas_cumprod = new_scheduler().alphas_cumprod
        while True:
            chosen = np.array([rng.choice(pairs) if rng.random() < PAIR_SHARE else rng.choice(others) for _ in range(self.batch)])
            latents = torch.from_numpy(shards["latents"][chosen].astype(np.float32)) * scale
            steps = time_steps(self.batch, noise)
            sample, v = noised(latents, torch.randn(latents.shape, generator=noise), alphas_cumprod[steps])
            captions = [text.training_caption(scenes[i], rng) for i in chosen]
            masks = torch.from_numpy(shards["masks"][chosen].astype(np.float32) / 255)
            sample = sample.contiguous(memory_format=torch.channels_last)
            yield sample, steps, text.input_ids(tokenizer, captions), target(captions, sample, steps, v), masks

    def loss(self, networks, batch):
        sample, steps, ids, target, masks = batch
        with torch.autocast(sample.device.type, torch.bfloat16):
            predicted = self.predict(networks, sample, steps, ids)
        return weighted_error(predicted, target, masks)

    @abstractmethod
    def predict(self, networks: dict[str, nn.Module], sample: torch.Tensor, steps: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
        """Returns the prediction of v, (N, C, h, w)."""


def arguments_for(parser: argparse.ArgumentParser, tokenizer: Path | None):
    parser.add_argument("folder", type=Path, help="where the training state and the model folder `model` go")
    parser.add_argument("--latents", type=Path, required=True, help="shards from darkroom-draw --vae")
    parser.add_argument("--vae", type=Path, default=Path("models/pocket-unet/vae"))
    parser.add_argument("--tokenizer", type=Path, default=tokenizer, required=tokenizer is None)
    parser.add_argument("--start", type=Path, help="a model folder to start from")
    parser.add_argument("--processes", type=int, help="default: one per core, one on a GPU")
    parser.add_argument("--batch", type=int, default=20, help="scenes per step of each process")
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--text-steps", type=int, default=400, help="batches of a new text encoder's head start; 0 for none")
    parser.add_argument("--muon-rate", type=float, default=Rates.muon)
    parser.add_argument("--adam-rate", type=float, default=Rates.adam)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")


def learn(task: LatentTask, a: argparse.Namespace):
    """Trains as the arguments say."""
    task.pretrain()
    processes = a.processes or (1 if a.device == "cuda" else os.cpu_count() or 1)
    rates = Rates(a.muon_rate, a.adam_rate)
    train(task, Run(a.folder / "training.pt", a.minutes, processes, rates, AVERAGE, FINAL_SHARE, device=a.device))
