# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Trains the pocket upscaler: latent diffusion x4 (Rombach et al. 2022, section 4.4) in the layout of StableDiffusionUpscalePipeline.

The U-Net sees the noised latents of a 256-px picture beside the same picture at 64 px, which is noised a little itself (Ho et al. 2022, cascaded
diffusion); how much stands in the class label. It learns on crops, for the networks know no positions.
"""

import argparse
import os
import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, DDPMScheduler, StableDiffusionUpscalePipeline, UNet2DConditionModel
from tqdm import tqdm
from transformers import CLIPTextModel, CLIPTokenizer

from darkroom_training import text
from darkroom_training.judge import reconstructed
from darkroom_training.latent_task import noised, time_steps
from darkroom_training.network import TEXT_WIDTH, new_scheduler, plain_attention
from darkroom_training.optimizers import Rates
from darkroom_training.parallel import Run, train
from darkroom_training.pictures import FIRST_TRAINING_SEED, pictures, to_tensor
from darkroom_training.upscaler_folder import folded_vae
from darkroom_training.world import draw, held_out, numbered_scene

SCALE = 4
TILE = 64  # px of the small picture, and latents: the VAE shrinks by SCALE
MAX_NOISE_LEVEL = 350
SHARD = 200
CROP, CROPS, WHOLE, WHOLE_SHARE = 32, 8, 2, 0.25
EDGE_WEIGHT = 2.0
RECONSTRUCTED_SHARE = 0.6
FEW_STEPS, FEW_STEPS_SHARE = torch.tensor([999, 499]), 0.85  # the time steps of one and two steps, by which it is mostly run
FIRST_SEED = FIRST_TRAINING_SEED + 60_000_000


def new_unet(latent_channels: int) -> UNet2DConditionModel:
    """Builds the U-Net; the noise level is embedded as time steps are, so that levels between those it met mean what they should."""
    return UNet2DConditionModel(
        sample_size=TILE, in_channels=latent_channels + 3, out_channels=latent_channels, layers_per_block=1,
        block_out_channels=(48, 96, 160), norm_num_groups=16, cross_attention_dim=TEXT_WIDTH, attention_head_dim=(1, 1, 2),
        down_block_types=("DownBlock2D", "DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D", "UpBlock2D"), class_embed_type="timestep",
    )  # fmt: skip


def new_low_res_scheduler() -> DDPMScheduler:
    return DDPMScheduler(beta_start=0.0001, beta_end=0.02, beta_schedule="scaled_linear")


@torch.inference_mode()
def draw_shard(index: int, folder: Path, vae_folder: Path, scenes: int) -> int:
    """Draws scenes at both sizes: ``latents`` of 256 px (N, C, 64, 64) float16, ``small`` and ``reconstructed`` (N, 64, 64, 3) uint8, ``seeds``."""
    torch.set_num_threads(1)
    path = folder / f"shard-{index:05d}.npz"
    span = range(index * SHARD, min(scenes, (index + 1) * SHARD))
    if not path.exists():
        seeds = [seed for seed in (FIRST_SEED + i for i in span) if not held_out(numbered_scene(seed))]
        vae = AutoencoderKL.from_pretrained(vae_folder).float()
        small = pictures(seeds)
        latents = [_latents(vae, seed) for seed in seeds]
        partial_file = path.with_suffix(".partial.npz")
        np.savez(partial_file, seeds=np.array(seeds), latents=np.stack(latents), small=small, reconstructed=reconstructed(vae, small))
        partial_file.replace(path)
    return len(span)


def _latents(vae, seed):
    image = to_tensor(np.asarray(draw(numbered_scene(seed), TILE * SCALE))[None])
    with torch.autocast("cpu", torch.bfloat16):
        return vae.encode(image).latent_dist.mean[0].float().half().numpy()


def edges(small: torch.Tensor) -> torch.Tensor:
    """Where a small picture (N, 3, h, w) changes, (N, 1, h, w) in 0..1: flat sky teaches nothing."""
    grey = small.mean(1, keepdim=True)
    change = torch.zeros_like(grey)
    change[:, :, 1:] += grey.diff(dim=2).abs()
    change[:, :, :, 1:] += grey.diff(dim=3).abs()
    return torch.nn.functional.max_pool2d(change.mul(4).clamp(max=1), 3, 1, 1)


@dataclass(frozen=True)
class UpscalerTask:
    folder: Path
    pairs: Path
    base: Path  # a model folder: its VAE, tokenizer and text encoder are used as they are
    start: Path | None

    def networks(self):
        torch.manual_seed(0)
        config = AutoencoderKL.load_config(self.base / "vae")
        unet = UNet2DConditionModel.from_pretrained(self.start / "unet").float() if self.start else new_unet(config["latent_channels"])
        return {"unet": plain_attention(unet).to(memory_format=torch.channels_last)}

    def batches(self, seed: int) -> Iterator[tuple]:
        shards = [np.load(path) for path in sorted(self.pairs.glob("shard-?????.npz"))]
        pairs = {name: np.concatenate([shard[name] for shard in shards]) for name in ("seeds", "latents", "small", "reconstructed")}
        factor = AutoencoderKL.load_config(self.base / "vae")["scaling_factor"]
        tokenizer = CLIPTokenizer.from_pretrained(self.base / "tokenizer")
        encoder = CLIPTextModel.from_pretrained(self.base / "text_encoder").float().eval()
        scenes = [numbered_scene(int(seed)) for seed in pairs["seeds"]]
        rng, noise = random.Random(seed), torch.Generator().manual_seed(seed)
        alphas, low_alphas = new_scheduler().alphas_cumprod, new_low_res_scheduler().alphas_cumprod
        while True:
            side, count = (TILE, WHOLE) if rng.random() < WHOLE_SHARE else (CROP, CROPS)
            chosen = [rng.randrange(len(scenes)) for _ in range(count)]
            places = [(rng.randrange(TILE - side + 1), rng.randrange(TILE - side + 1)) for _ in chosen]
            latents = np.stack([pairs["latents"][i, :, y : y + side, x : x + side] for i, (y, x) in zip(chosen, places, strict=True)])
            kinds = ["reconstructed" if rng.random() < RECONSTRUCTED_SHARE else "small" for _ in chosen]
            small = to_tensor(
                np.stack([pairs[kind][i, y : y + side, x : x + side] for kind, i, (y, x) in zip(kinds, chosen, places, strict=True)])
            )
            levels = torch.tensor([rng.randint(0, MAX_NOISE_LEVEL if rng.random() < 0.4 else 60) for _ in chosen])
            low, _ = noised(small, torch.randn(small.shape, generator=noise), low_alphas[levels])
            few = FEW_STEPS[torch.randint(0, len(FEW_STEPS), (count,), generator=noise)]
            steps = torch.where(torch.rand(count, generator=noise) < FEW_STEPS_SHARE, few, time_steps(count, noise))
            latents = torch.from_numpy(latents.astype(np.float32)) * factor
            sample, v = noised(latents, torch.randn(latents.shape, generator=noise), alphas[steps])
            captions = ["" if rng.random() < 0.3 else text.training_caption(scenes[i], rng) for i in chosen]
            with torch.no_grad():
                states = encoder(text.input_ids(tokenizer, captions)).last_hidden_state
            yield torch.cat((sample, low), 1).contiguous(memory_format=torch.channels_last), steps, states, levels, v, edges(small)

    def loss(self, networks, batch):
        sample, steps, states, levels, v, edge = batch
        with torch.autocast(sample.device.type, torch.bfloat16):
            predicted = networks["unet"](sample, steps, states, class_labels=levels).sample
        weight = 1 + EDGE_WEIGHT * edge
        return ((predicted.float() - v).square() * weight).sum() / weight.expand_as(v).sum()

    def save(self, networks):
        unet = networks["unet"]
        unet.set_default_attn_processor()
        save_pipeline(self.folder, unet, self.base)


def save_pipeline(folder: Path, unet: UNet2DConditionModel, base: Path):
    """Writes a diffusers folder with float16 weights and the VAE and text encoder of ``base``."""
    StableDiffusionUpscalePipeline(
        vae=folded_vae(AutoencoderKL.from_pretrained(base / "vae").float()).half(), text_encoder=CLIPTextModel.from_pretrained(base / "text_encoder").half(),
        tokenizer=CLIPTokenizer.from_pretrained(base / "tokenizer"), unet=unet.half(), low_res_scheduler=new_low_res_scheduler(),
        scheduler=new_scheduler(), max_noise_level=MAX_NOISE_LEVEL,
    ).save_pretrained(folder)  # fmt: skip
    (folder / "generation_defaults.json").write_text('{"num_inference_steps": 1, "guidance_scale": 1.0, "noise_level": 20}\n', encoding="utf-8")


def draw_main():
    parser = argparse.ArgumentParser(prog="darkroom-draw-pairs", description="Draws 64-px pictures and the latents of the same scenes at 256 px.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--vae", type=Path, default=Path("models/pocket-unet/vae"))
    parser.add_argument("--scenes", type=int, default=6000)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    work = partial(draw_shard, folder=arguments.folder, vae_folder=arguments.vae, scenes=arguments.scenes)
    with ProcessPoolExecutor(arguments.processes) as pool, tqdm(total=arguments.scenes, unit="scene") as bar:
        for covered in pool.map(work, range(-(-arguments.scenes // SHARD))):
            bar.update(covered)


def main():
    parser = argparse.ArgumentParser(prog="darkroom-train-upscaler", description="Trains the pocket upscaler; resumes by itself.")
    parser.add_argument("folder", type=Path, help="where the training state and the model folder `model` go")
    parser.add_argument("--pairs", type=Path, required=True, help="shards from darkroom-draw-pairs")
    parser.add_argument("--base", type=Path, default=Path("models/pocket-unet"), help="folder whose VAE and text encoder are used")
    parser.add_argument("--start", type=Path, help="a model folder to start from")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--muon-rate", type=float, default=Rates.muon)
    parser.add_argument("--adam-rate", type=float, default=Rates.adam)
    a = parser.parse_args()
    task = UpscalerTask(a.folder / "model", a.pairs, a.base, a.start)
    train(task, Run(a.folder / "training.pt", a.minutes, a.processes, Rates(a.muon_rate, a.adam_rate)))


if __name__ == "__main__":
    main()
