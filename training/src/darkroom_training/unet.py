# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Trains the pocket U-Net and its text encoder on cached latents, and writes the diffusers folder.

The loss is the mean squared error of v (Salimans & Ho 2022), heavier where subjects are: that leaves the optimum where it is and spends
the gradient on what is hard. Time steps are drawn logit-normally (Esser et al. 2024) around the noise levels at which shapes are decided,
a fifth of them uniformly. The weights that are written are their exponential moving average.
"""

import argparse
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer

from darkroom_training import text
from darkroom_training.network import new_scheduler, new_text_encoder, new_unet, plain_attention, save_pipeline
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
    """Returns the noised latents and v, both (N, C, h, w); ``alphas_cumprod`` (N) is that of each row's time step."""
    signal, spread = (value.sqrt().view(-1, 1, 1, 1) for value in (alphas_cumprod, 1 - alphas_cumprod))
    return signal * latents + spread * noise, signal * noise - spread * latents


def weighted_error(predicted: torch.Tensor, v: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """Means the squared error, subjects' cells (masks (N, h, w) in 0..1) counting more."""
    weight = 1 + SUBJECT_WEIGHT * masks.unsqueeze(1)
    return ((predicted.float() - v).square() * weight).sum() / weight.expand_as(v).sum()


@dataclass(frozen=True)
class UnetTask:
    """U-Net and text encoder, which learn together from cached latents."""

    folder: Path
    latents: Path
    vae: Path
    tokenizer: Path
    start: Path | None
    batch: int  # scenes per step and process
    text_steps: int

    def networks(self) -> dict[str, torch.nn.Module]:
        torch.manual_seed(0)
        start = self.start or (self._head_start if self._head_start.exists() else None)
        if start:
            text_encoder = CLIPTextModel.from_pretrained(start / "text_encoder").float()
        else:
            text_encoder = new_text_encoder(CLIPTokenizer.from_pretrained(self.tokenizer))
        if self.start:
            unet = UNet2DConditionModel.from_pretrained(self.start / "unet").float()
        else:
            unet = new_unet(AutoencoderKL.load_config(self.vae)["latent_channels"])
        return {"unet": plain_attention(unet).to(memory_format=torch.channels_last), "text_encoder": text_encoder}

    @property
    def _head_start(self) -> Path:
        return self.folder.with_name("head-start")

    def pretrain(self):
        """Gives a new text encoder its head start, once."""
        if not self.start and self.text_steps and not self._head_start.exists():
            tokenizer = CLIPTokenizer.from_pretrained(self.tokenizer)
            text_encoder = new_text_encoder(tokenizer)
            text.pretrain(text_encoder, tokenizer, self.text_steps)
            text_encoder.save_pretrained(self._head_start / "text_encoder")

    def batches(self, seed: int) -> Iterator[tuple]:
        """Draws noised latents, time steps, token ids, v and masks."""
        shards = load_shards(self.latents)
        scenes = [numbered_scene(int(number)) for number in shards["seeds"]]
        pairs, others = ([i for i, scene in enumerate(scenes) if (scene.other is not None) == paired] for paired in (True, False))
        scale = AutoencoderKL.load_config(self.vae)["scaling_factor"]
        tokenizer = CLIPTokenizer.from_pretrained(self.tokenizer)
        rng = random.Random(seed)
        noise = torch.Generator().manual_seed(rng.getrandbits(32))
        alphas_cumprod = new_scheduler().alphas_cumprod
        while True:
            chosen = np.array([rng.choice(pairs) if rng.random() < PAIR_SHARE else rng.choice(others) for _ in range(self.batch)])
            latents = torch.from_numpy(shards["latents"][chosen].astype(np.float32)) * scale
            steps = time_steps(self.batch, noise)
            sample, v = noised(latents, torch.randn(latents.shape, generator=noise), alphas_cumprod[steps])
            ids = text.input_ids(tokenizer, [text.training_caption(scenes[i], rng) for i in chosen])
            masks = torch.from_numpy(shards["masks"][chosen].astype(np.float32) / 255)
            yield sample.contiguous(memory_format=torch.channels_last), steps, ids, v, masks

    def loss(self, networks, batch):
        sample, steps, ids, v, masks = batch
        with torch.autocast(sample.device.type, torch.bfloat16):
            states = networks["text_encoder"](ids).last_hidden_state
            predicted = networks["unet"](sample, steps, states).sample
        return weighted_error(predicted, v, masks)

    def save(self, networks):
        networks["unet"].set_default_attn_processor()
        vae, tokenizer = AutoencoderKL.from_pretrained(self.vae), CLIPTokenizer.from_pretrained(self.tokenizer)
        save_pipeline(self.folder, networks["unet"], networks["text_encoder"], vae, tokenizer)


def main():
    parser = argparse.ArgumentParser(prog="darkroom-train-unet", description="Trains the pocket U-Net and its text encoder; resumes by itself.")
    parser.add_argument("folder", type=Path, help="where the training state and the model folder `model` go")
    parser.add_argument("--latents", type=Path, required=True, help="shards from darkroom-draw --vae")
    parser.add_argument("--vae", type=Path, default=Path("models/pocket-unet/vae"))
    parser.add_argument("--tokenizer", type=Path, default=Path("models/pocket-unet/tokenizer"))
    parser.add_argument("--start", type=Path, help="a model folder to start from")
    parser.add_argument("--processes", type=int, help="default: one per core, one on a GPU")
    parser.add_argument("--batch", type=int, default=20, help="scenes per step of each process")
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--text-steps", type=int, default=400, help="batches of a new text encoder's head start; 0 for none")
    parser.add_argument("--muon-rate", type=float, default=Rates.muon)
    parser.add_argument("--adam-rate", type=float, default=Rates.adam)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    a = parser.parse_args()
    processes = a.processes or (1 if a.device == "cuda" else os.cpu_count() or 1)
    task = UnetTask(a.folder / "model", a.latents, a.vae, a.tokenizer, a.start, a.batch, a.text_steps)
    task.pretrain()
    rates = Rates(a.muon_rate, a.adam_rate)
    train(task, Run(a.folder / "training.pt", a.minutes, processes, rates, AVERAGE, FINAL_SHARE, device=a.device))


if __name__ == "__main__":
    main()
