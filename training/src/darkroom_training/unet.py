# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Trains the pocket U-Net and its text encoder on cached latents, and writes the diffusers folder.

The loss is the mean squared error of v (Salimans & Ho 2022), heavier where subjects are: that leaves the optimum where it is and spends
the gradient on what is hard. Time steps are drawn logit-normally (Esser et al. 2024) around the noise levels at which shapes are decided,
a fifth of them uniformly. The weights that are written are their exponential moving average.
"""

import argparse
import math
import os
import random
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import multiprocessing
from tqdm import tqdm
from transformers import CLIPTextModel, CLIPTokenizer

from darkroom_training import checkpoint, text
from darkroom_training.network import new_scheduler, new_text_encoder, new_unet, plain_attention, save_pipeline
from darkroom_training.optimizers import Optimizer, Rates, shares
from darkroom_training.pictures import load_shards
from darkroom_training.shared_weights import SharedWeights, slices
from darkroom_training.world import numbered_scene

SUBJECT_WEIGHT = 5.0  # more of the error where a subject covers the cell
TIME_MEAN, TIME_SPREAD, UNIFORM_SHARE = 0.8, 0.9, 0.2
AVERAGE = 0.998
WARM_UP = 100  # steps
FINAL_SHARE = 0.45  # of the steps in which the rates fall to nothing


@dataclass(frozen=True)
class Run:
    """What every process of a training run knows."""

    folder: Path
    latents: Path
    vae: Path
    tokenizer: Path
    start: Path | None
    processes: int
    batch: int
    steps: int
    save_every: int
    text_steps: int
    device: str
    rates: Rates

    @property
    def state_file(self) -> Path:
        return self.folder / "training.pt"


def networks(run: Run) -> dict[str, torch.nn.Module]:
    """Builds the two networks that learn together, from a folder's weights where ``run.start`` names one."""
    if run.start:
        unet = UNet2DConditionModel.from_pretrained(run.start / "unet").float()
        text_encoder = CLIPTextModel.from_pretrained(run.start / "text_encoder").float()
    else:
        torch.manual_seed(0)
        unet = new_unet(AutoencoderKL.load_config(run.vae)["latent_channels"])
        text_encoder = new_text_encoder(CLIPTokenizer.from_pretrained(run.tokenizer))
    unet = plain_attention(unet).to(run.device, memory_format=torch.channels_last)
    return {"unet": unet, "text_encoder": text_encoder.to(run.device)}


def factor(step: int, steps: int) -> float:
    """The share of the peak rates at a step: warm-up, constant, then linear to nothing."""
    return min(1, (step + 1) / WARM_UP, (steps - step) / (steps * FINAL_SHARE))


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


class Batches:
    """Draws training batches from cached latents; each process has its own lots."""

    def __init__(self, run: Run, process: int, step: int):
        shards = load_shards(run.latents)
        self.latents, self.masks = shards["latents"], shards["masks"]
        self.scenes = [numbered_scene(int(seed)) for seed in shards["seeds"]]
        self.scale = AutoencoderKL.load_config(run.vae)["scaling_factor"]
        self.tokenizer = CLIPTokenizer.from_pretrained(run.tokenizer)
        self.rng = random.Random(step * run.processes + process)
        self.noise = torch.Generator().manual_seed(self.rng.getrandbits(32))
        self.alphas_cumprod = new_scheduler().alphas_cumprod

    def draw(self, size: int) -> tuple[torch.Tensor, ...]:
        """Returns noised latents, time steps, token ids, v and masks of ``size`` scenes."""
        chosen = np.array([self.rng.randrange(len(self.scenes)) for _ in range(size)])
        latents = torch.from_numpy(self.latents[chosen].astype(np.float32)) * self.scale
        steps = time_steps(size, self.noise)
        sample, v = noised(latents, torch.randn(latents.shape, generator=self.noise), self.alphas_cumprod[steps])
        ids = text.input_ids(self.tokenizer, [text.training_caption(self.scenes[i], self.rng) for i in chosen])
        masks = torch.from_numpy(self.masks[chosen].astype(np.float32) / 255)
        return sample.contiguous(memory_format=torch.channels_last), steps, ids, v, masks


def learn(process: int, run: Run, shared: SharedWeights, barrier, first: int):
    """One process of the run: gradients of its own batches, updates of its own share of the weights."""
    if run.device == "cpu":
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // run.processes))
    models = networks(run)
    layout = slices(models)
    shared.bind(layout, models, process)
    optimizer = Optimizer(shared, shares(layout, run.processes)[process], run.rates)
    batches = Batches(run, process, first)
    own = slice(process * len(shared.weights) // run.processes, (process + 1) * len(shared.weights) // run.processes)
    bar = tqdm(total=run.steps, initial=first, unit="step", disable=process > 0)
    for step in range(first, run.steps):
        shared.gradients[process].zero_()
        loss = gradients(models, [value.to(run.device) for value in batches.draw(run.batch // run.processes)], run.device)
        barrier.wait()
        optimizer.step(step + 1, factor(step, run.steps))
        barrier.wait()
        shared.average[own].lerp_(shared.weights[own], 1 - min(AVERAGE, (step + 1) / (step + 20)))
        barrier.wait()
        bar.set_postfix(loss=f"{loss:.4f}", refresh=False)
        bar.update()
        if process == 0 and ((step + 1) % run.save_every == 0 or step + 1 == run.steps):
            save(run, shared, step + 1)


def gradients(models: dict[str, torch.nn.Module], batch: list[torch.Tensor], device: str) -> float:
    """Adds the gradients of one batch to the shared row and returns the loss."""
    sample, steps, ids, v, masks = batch
    with torch.autocast(device, torch.bfloat16):
        states = models["text_encoder"](ids).last_hidden_state
        predicted = models["unet"](sample, steps, states).sample
    loss = weighted_error(predicted, v, masks)
    loss.backward()
    return loss.item()


def save(run: Run, shared: SharedWeights, step: int):
    """Writes the state to resume from and the model folder of the averaged weights."""
    checkpoint.save(run.state_file, {"shared": shared.state(), "step": step})
    models = networks(run)
    shared.show(slices(models), models, shared.average.clone())
    models["unet"].set_default_attn_processor()
    vae = AutoencoderKL.from_pretrained(run.vae)
    save_pipeline(run.folder / "model", models["unet"], models["text_encoder"], vae, CLIPTokenizer.from_pretrained(run.tokenizer))


def train(run: Run):
    """Starts or resumes the run in as many processes as asked for."""
    models = networks(run)
    layout = slices(models)
    shared = SharedWeights(layout[-1].offset + layout[-1].length, run.processes, run.device)
    state = checkpoint.load(run.state_file)
    if state:
        shared.restore(state["shared"])
    else:
        if run.text_steps:
            text.pretrain(models["text_encoder"].cpu(), CLIPTokenizer.from_pretrained(run.tokenizer), run.text_steps)
        shared.fill(layout, models)
    first = state["step"] if state else 0
    if run.processes == 1:
        learn(0, run, shared, multiprocessing.get_context("spawn").Barrier(1), first)
    else:
        barrier = multiprocessing.get_context("spawn").Barrier(run.processes)
        multiprocessing.spawn(learn, (run, shared, barrier, first), nprocs=run.processes)


def main():
    parser = argparse.ArgumentParser(prog="darkroom-train-unet", description="Trains the pocket U-Net and its text encoder; resumes by itself.")
    parser.add_argument("folder", type=Path, help="where the training state and the model folder `model` go")
    parser.add_argument("--latents", type=Path, required=True, help="shards from darkroom-draw --vae")
    parser.add_argument("--vae", type=Path, default=Path("models/pocket-unet/vae"))
    parser.add_argument("--tokenizer", type=Path, default=Path("models/pocket-unet/tokenizer"))
    parser.add_argument("--start", type=Path, help="a model folder to start from")
    parser.add_argument("--processes", type=int, help="default: one per core, one on a GPU")
    parser.add_argument("--batch", type=int, default=40, help="scenes per step, of all processes together")
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--save-every", type=int, default=500, help="steps")
    parser.add_argument("--text-steps", type=int, default=400, help="batches of the text encoder's head start; 0 for none")
    parser.add_argument("--muon-rate", type=float, default=Rates.muon)
    parser.add_argument("--adam-rate", type=float, default=Rates.adam)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    a = parser.parse_args()
    processes = a.processes or (1 if a.device == "cuda" else os.cpu_count() or 1)
    start = time.monotonic()
    train(
        Run(
            a.folder, a.latents, a.vae, a.tokenizer, a.start, processes, a.batch, a.steps, a.save_every, a.text_steps, a.device,
            Rates(a.muon_rate, a.adam_rate),
        )
    )  # fmt: skip
    print(f"{a.folder / 'model'}: {math.ceil(time.monotonic() - start)} s")


if __name__ == "__main__":
    main()
