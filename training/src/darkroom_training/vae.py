# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Trains the pocket VAE: AutoencoderKL (Kingma & Welling 2014; Rombach et al. 2022), f = 4, eight latent channels, 1.5 M parameters.

Four batches in five are 32-px windows chosen for their edges; every fifth one, and all in the last quarter of the time, are whole 64-px
pictures. Two fifths of either come from 256-px drawings, which is what the upscaler's VAE meets. With ``--freeze-encoder`` only the decoder
learns, and denoisers stay valid.
"""

import argparse
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch.nn import functional as F
from tqdm import tqdm

from darkroom_training.judge import validation_scenes
from darkroom_training.optimizers import Rates
from darkroom_training.parallel import Run, train
from darkroom_training.pictures import FIRST_TRAINING_SEED, WINDOWS, load_shards, pictures, sharp_window, to_tensor, windows

WINDOW = 32  # px
WINDOWED_BATCH, WHOLE_BATCH = 40, 12  # of each process
ENLARGED_SHARE = 0.4  # of a batch: windows of 256-px drawings
WHOLE_EVERY, WINDOWED_TIME = 5, 0.75
GRADIENT_WEIGHT, LOG_WEIGHT, KL_WEIGHT = 0.4, 0.03, 2e-4
RATES, AVERAGE, FINAL_SHARE = Rates(1.2e-3, 6e-4), 0.995, 0.8
VALIDATION = 200  # pictures


def new_vae() -> AutoencoderKL:
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 3, up_block_types=("UpDecoderBlock2D",) * 3, block_out_channels=(24, 48, 96),
        layers_per_block=1, latent_channels=8, norm_num_groups=8, sample_size=64,
    )  # fmt: skip


def gradient_difference(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Compares horizontal and vertical differences of neighbours, L1."""
    error = a - b
    return error.diff(dim=3).abs().mean() + error.diff(dim=2).abs().mean()


def reconstruction_loss(decoded: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
    """L1, the gradients' L1, and the logarithm of each picture's squared error: the mean of that is what PSNR averages."""
    error = decoded - image
    logarithm = torch.log(error.square().mean((1, 2, 3)) + 1e-5).mean()
    return error.abs().mean() + GRADIENT_WEIGHT * gradient_difference(decoded, image) + LOG_WEIGHT * logarithm


@dataclass(frozen=True)
class VaeTask:
    """The VAE, or its decoder alone. ``whole`` and ``enlarged`` are pictures (N, 64, 64, 3) uint8 in memory that the processes share."""

    folder: Path
    start: Path | None
    freeze_encoder: bool
    whole: torch.Tensor
    enlarged: torch.Tensor
    minutes: float

    def vae(self) -> AutoencoderKL:
        torch.manual_seed(0)
        vae = AutoencoderKL.from_pretrained(self.start).float() if self.start else new_vae()
        return vae.to(memory_format=torch.channels_last)

    def networks(self):
        vae = self.vae()
        return {"decoder": vae.decoder, "post_quant_conv": vae.post_quant_conv} if self.freeze_encoder else {"vae": vae}

    def batches(self, seed: int) -> Iterator[tuple]:
        """Draws pictures; where the encoder is frozen, their latents too."""
        frozen = self.vae() if self.freeze_encoder else None
        rng, start, number = np.random.default_rng(seed), time.monotonic(), 0
        while True:
            whole = number % WHOLE_EVERY == 0 or time.monotonic() - start > WINDOWED_TIME * self.minutes * 60
            image = self.pictures(not whole, rng)
            yield (image, latents_of(frozen, image)) if frozen else (image,)
            number += 1

    def pictures(self, windowed: bool, rng: np.random.Generator) -> torch.Tensor:
        """Draws a batch (N, 3, h, w), mirrored at random."""
        count = WINDOWED_BATCH if windowed else WHOLE_BATCH
        enlarged = int(count * ENLARGED_SHARE)
        sources = [(self.whole, count - enlarged), (self.enlarged, enlarged)]
        images = [source[i].numpy() for source, share in sources for i in rng.integers(0, len(source), share)]
        image = to_tensor(np.stack([sharp_window(picture, WINDOW, rng) if windowed else picture for picture in images]))
        return image.flip(3).contiguous(memory_format=torch.channels_last) if rng.random() < 0.5 else image

    def loss(self, networks, batch):
        image = batch[0]
        with torch.autocast(image.device.type, torch.bfloat16):
            if self.freeze_encoder:
                decoded = networks["decoder"](networks["post_quant_conv"](batch[1])).float()
                return reconstruction_loss(decoded, image)
            posterior = networks["vae"].encode(image).latent_dist
            decoded = networks["vae"].decode(posterior.sample()).sample.float()
        kl = posterior.kl().float().mean() / posterior.mean[0].numel()
        return reconstruction_loss(decoded, image) + KL_WEIGHT * kl

    def save(self, networks):
        vae = networks.get("vae") or self.vae()
        for name in networks.keys() - {"vae"}:
            setattr(vae, name, networks[name])
        validation = pictures(validation_scenes(VALIDATION, True))
        if not self.freeze_encoder:
            vae.register_to_config(scaling_factor=scaling_factor(vae, validation))
        tqdm.write(f"{psnr(vae, validation):.2f} dB on held-out renders")
        vae.half().save_pretrained(self.folder)


@torch.no_grad()
def latents_of(vae: AutoencoderKL, image: torch.Tensor) -> torch.Tensor:
    with torch.autocast(image.device.type, torch.bfloat16):
        return vae.encode(image).latent_dist.sample().float()


@torch.inference_mode()
def psnr(vae: AutoencoderKL, pixels: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB of pictures through the VAE, averaged over the pictures."""
    image = to_tensor(pixels)
    decoded = torch.cat([vae.decode(vae.encode(part).latent_dist.mean).sample.clamp(-1, 1) for part in image.split(50)])
    return float((-10 * torch.log10(F.mse_loss(decoded, image, reduction="none").mean((1, 2, 3)) / 4)).mean())


@torch.inference_mode()
def scaling_factor(vae: AutoencoderKL, pixels: np.ndarray) -> float:
    """One over the standard deviation of the latents, so that denoisers see unit variance."""
    return float(1 / vae.encode(to_tensor(pixels)).latent_dist.mean.std())


def drawn_windows(file: Path, drawings: int) -> np.ndarray:
    """Cuts windows out of 256-px drawings on all cores, once: they are kept in ``file``."""
    if not file.exists():
        seeds = [FIRST_TRAINING_SEED + i for i in range(drawings)]
        with ProcessPoolExecutor() as pool:
            parts = pool.map(windows, [seeds[i : i + 100] for i in range(0, drawings, 100)])
            cut = np.concatenate(list(tqdm(parts, total=-(-drawings // 100), desc="windows", unit="chunk")))
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial.npy")
        np.save(partial, cut)
        partial.replace(file)
    return np.load(file)


def main():
    parser = argparse.ArgumentParser(prog="darkroom-train-vae", description="Trains the pocket VAE on drawn pictures, or its decoder alone.")
    parser.add_argument("folder", type=Path, help="where the training state, the windows and the VAE folder `model` go; resumes by itself")
    parser.add_argument("--pictures", type=Path, required=True, help="shards from darkroom-draw, without --vae")
    parser.add_argument("--drawings", type=int, default=5000, help=f"256-px drawings, {WINDOWS} windows of each")
    parser.add_argument("--start", type=Path, help="a VAE folder to start from")
    parser.add_argument("--freeze-encoder", action="store_true", help="needs --start")
    parser.add_argument("--minutes", type=float, default=45)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--muon-rate", type=float, default=RATES.muon)
    parser.add_argument("--adam-rate", type=float, default=RATES.adam)
    a = parser.parse_args()
    if a.freeze_encoder and not a.start:
        parser.error("--freeze-encoder needs --start: an encoder that has learned nothing is not worth keeping")
    sources = (load_shards(a.pictures)["pixels"], drawn_windows(a.folder / "windows.npy", a.drawings))
    task = VaeTask(a.folder / "model", a.start, a.freeze_encoder, *(torch.from_numpy(source).share_memory_() for source in sources), a.minutes)
    train(task, Run(a.folder / "training.pt", a.minutes, a.processes, Rates(a.muon_rate, a.adam_rate), AVERAGE, FINAL_SHARE))


if __name__ == "__main__":
    main()
