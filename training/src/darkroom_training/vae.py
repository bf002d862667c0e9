# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Trains the pocket VAE: AutoencoderKL (Kingma & Welling 2014; Rombach et al. 2022), f = 4, eight latent channels, 1.5 M parameters.

The first four fifths of the pictures are 32-px windows chosen for their edges (flat sky teaches nothing), a third of them cut from 256-px
drawings; the last fifth are whole pictures. With ``--freeze-encoder`` only the decoder learns, and denoisers stay valid.
"""

import argparse
import math
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from tqdm import tqdm

from darkroom_training import checkpoint
from darkroom_training.judge import validation_scenes
from darkroom_training.pictures import FIRST_TRAINING_SEED, load_shards, pictures, to_tensor, windows

WINDOW = 32
BATCH = 24  # whole pictures; four times as many windows
PEAK_RATE = 2e-3
KL_WEIGHT = 2e-4


def new_vae() -> AutoencoderKL:
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 3, up_block_types=("UpDecoderBlock2D",) * 3, block_out_channels=(24, 48, 96),
        layers_per_block=1, latent_channels=8, norm_num_groups=8, sample_size=64,
    )  # fmt: skip


def sharp_window(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Cuts the sharper of two random windows out of a picture (64, 64, 3)."""

    def cut():
        y, x = rng.integers(0, image.shape[0] - WINDOW + 1, 2)
        return image[y : y + WINDOW, x : x + WINDOW]

    def edges(window):
        return np.abs(np.diff(window[::2, ::2, 1].astype(np.int16), axis=0)).sum()

    return max((cut(), cut()), key=edges)


def batch_of(whole: np.ndarray, cut: np.ndarray, windowed: bool, rng: np.random.Generator) -> torch.Tensor:
    """Draws a training batch, a third of it from the 256-px drawings, mirrored at random."""
    count = 4 * BATCH if windowed else BATCH
    sources = [(whole, count - count // 3), (cut, count // 3)]
    images = [source[i] for source, share in sources for i in rng.integers(0, len(source), share)]
    image = to_tensor(np.stack([sharp_window(picture, rng) if windowed else picture for picture in images]))
    return image.flip(3) if rng.random() < 0.5 else image


def gradient_difference(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Compares horizontal and vertical differences of neighbours, L1."""
    error = a - b
    return error.diff(dim=3).abs().mean() + error.diff(dim=2).abs().mean()


def loss_of(vae: AutoencoderKL, image: torch.Tensor) -> torch.Tensor:
    """L1 + half the gradients' L1 + a little KL, per latent number."""
    with torch.autocast(image.device.type, torch.bfloat16):
        posterior = vae.encode(image).latent_dist
        decoded = vae.decode(posterior.sample()).sample.float()
    kl = posterior.kl().float().mean() / posterior.mean[0].numel()
    return (decoded - image).abs().mean() + 0.5 * gradient_difference(decoded, image) + KL_WEIGHT * kl


@torch.inference_mode()
def psnr(vae: AutoencoderKL, pixels: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB of pictures through the VAE, averaged over the pictures."""
    image = to_tensor(pixels).to(vae.device)
    decoded = vae.decode(vae.encode(image).latent_dist.mean).sample.clamp(-1, 1)
    return float((-10 * torch.log10(((decoded - image) ** 2).mean((1, 2, 3)) / 4)).mean())


@torch.inference_mode()
def scaling_factor(vae: AutoencoderKL, pixels: np.ndarray) -> float:
    """One over the standard deviation of the latents, so that denoisers see unit variance."""
    return float(1 / vae.encode(to_tensor(pixels).to(vae.device)).latent_dist.mean.std())


def rate(step: int, steps: int) -> float:
    return PEAK_RATE * min(1, (step + 1) / 200) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * step / steps)))


def drawn_windows(count: int) -> np.ndarray:
    """Draws sharp sources of windows on all cores."""
    seeds = [FIRST_TRAINING_SEED + i for i in range(count)]
    with ProcessPoolExecutor() as pool:
        parts = pool.map(windows, [seeds[i : i + 200] for i in range(0, count, 200)])
        return np.concatenate(list(tqdm(parts, total=-(-count // 200), desc="windows", unit="chunk")))


def train(vae: AutoencoderKL, whole: np.ndarray, cut: np.ndarray, arguments: argparse.Namespace):
    """Trains for a number of batches, saving the state now and then."""
    state_file = arguments.folder / "training.pt"
    learning = list(vae.decoder.parameters()) + list(vae.post_quant_conv.parameters()) if arguments.freeze_encoder else list(vae.parameters())
    optimizer = torch.optim.AdamW(learning, PEAK_RATE, betas=(0.9, 0.99), weight_decay=1e-4)
    state = checkpoint.load(state_file)
    if state:
        vae.load_state_dict(state["vae"])
        optimizer.load_state_dict(state["optimizer"])
    first = state["step"] if state else 0
    rng = np.random.default_rng(first)
    validation = pictures(validation_scenes(128, False))
    bar = tqdm(range(first, arguments.steps), initial=first, total=arguments.steps, unit="batch")
    for step in bar:
        for group in optimizer.param_groups:
            group["lr"] = rate(step, arguments.steps)
        image = batch_of(whole, cut, step < arguments.steps * 0.8, rng).to(vae.device)
        loss = loss_of(vae, image)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        optimizer.step()
        if (step + 1) % arguments.save_every == 0 or step + 1 == arguments.steps:
            checkpoint.save(state_file, {"vae": vae.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1})
            bar.set_postfix(psnr=f"{psnr(vae, validation):.2f} dB", loss=f"{loss.item():.4f}")
    vae.register_to_config(scaling_factor=vae.config.scaling_factor if arguments.freeze_encoder else scaling_factor(vae, whole[:2000]))
    vae.half().save_pretrained(arguments.folder)


def main():
    parser = argparse.ArgumentParser(prog="darkroom-train-vae", description="Trains the pocket VAE on drawn pictures, or its decoder alone.")
    parser.add_argument("folder", type=Path, help="where the VAE and its training state go; an existing state is resumed")
    parser.add_argument("--pictures", type=Path, required=True, help="shards from darkroom-draw, without --vae")
    parser.add_argument("--windows", type=int, default=60_000, help="256-px drawings to cut sharp windows from")
    parser.add_argument("--start", type=Path, help="a VAE folder to start from")
    parser.add_argument("--freeze-encoder", action="store_true")
    parser.add_argument("--steps", type=int, default=6000, help="batches")
    parser.add_argument("--save-every", type=int, default=500, help="batches")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    vae = AutoencoderKL.from_pretrained(arguments.start).float() if arguments.start else new_vae()
    if arguments.freeze_encoder:
        vae.encoder.requires_grad_(False)
        vae.quant_conv.requires_grad_(False)
    train(
        vae.to(arguments.device, memory_format=torch.channels_last),
        load_shards(arguments.pictures)["pixels"],
        drawn_windows(arguments.windows),
        arguments,
    )


if __name__ == "__main__":
    main()
