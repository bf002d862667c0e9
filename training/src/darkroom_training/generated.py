# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures that a text-to-image folder, or clips that a text-to-video folder, makes of prompts, by diffusers, each made once.

Batches are shared out among processes of one thread each, which on a CPU is faster than one process of many threads. A batch is kept as soon
as it is made, so a run that was stopped goes on where it was.
"""

import json
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from diffusers import DiffusionPipeline
from torch import nn
from tqdm import tqdm

from darkroom_training.picture_cache import PictureCache, digest_of, model_digest
from darkroom_training.pictures import to_pixels

BATCH = 32


@dataclass(frozen=True)
class Sampling:
    """How pictures are sampled. With ``bfloat16`` the networks but the VAE run under autocast: faster, and not to the bit what is served."""

    num_inference_steps: int = 25
    guidance_scale: float = 4.0
    dtype: str = "float32"

    @staticmethod
    def of(folder: Path, dtype: str = "float32") -> "Sampling":
        """Reads a folder's own defaults."""
        defaults = json.loads((folder / "generation_defaults.json").read_text())
        return Sampling(defaults["num_inference_steps"], defaults["guidance_scale"], dtype)


def load_pipeline(folder: Path) -> DiffusionPipeline:
    pipeline = DiffusionPipeline.from_pretrained(folder, torch_dtype=torch.float32)
    if hasattr(pipeline, "unet"):
        for layer in filter(lambda module: isinstance(module, nn.Conv2d), pipeline.unet.modules()):
            layer.to(memory_format=torch.channels_last)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@torch.inference_mode()
def generate(pipeline: DiffusionPipeline, prompts: Sequence[str], seeds: Sequence[int], sampling: Sampling) -> np.ndarray:
    """Generates one batch, (N, H, W, 3) uint8, or clips (N, F, H, W, 3): number i from noise of its own generator with the seed ``seeds[i]``."""
    noise = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
    own_size = {"use_resolution_binning": False} if hasattr(pipeline, "transformer") else {}  # PixArt's bins begin at 256 px
    with torch.autocast("cpu", torch.bfloat16) if sampling.dtype == "bfloat16" else nullcontext():
        latents = pipeline(
            list(prompts), num_inference_steps=sampling.num_inference_steps, guidance_scale=sampling.guidance_scale, generator=noise,
            output_type="latent", return_dict=False, **own_size,
        )[0].float()  # fmt: skip
    frames = latents.transpose(1, 2).flatten(0, 1) if latents.ndim == 5 else latents
    pixels = to_pixels(torch.cat([pipeline.vae.decode(part / pipeline.vae.config.scaling_factor).sample for part in frames.split(BATCH)]))
    return pixels.reshape(len(latents), -1, *pixels.shape[1:]) if latents.ndim == 5 else pixels


_pipeline: DiffusionPipeline | None = None  # of a process of the pool


def _open(folder: Path, threads: int):
    global _pipeline
    torch.set_num_threads(threads)
    _pipeline = load_pipeline(folder)


def _work(prompts, seeds, sampling):
    return generate(_pipeline, prompts, seeds, sampling)


class Generator:
    """Makes a folder's pictures, or takes them from the cache. A context manager: leaving it ends the processes."""

    def __init__(self, folder: Path, cache: PictureCache, processes: int = os.cpu_count() or 1, batch: int = BATCH):
        self.folder, self.cache, self.processes, self.batch = folder, cache, processes, batch
        self.digest = model_digest(folder)
        self.pool: ProcessPoolExecutor | None = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.pool:
            self.pool.shutdown(cancel_futures=True)

    def __call__(self, prompts: Sequence[str], seeds: Sequence[int], sampling: Sampling, what: str = "generating") -> np.ndarray:
        """Returns one picture or clip per prompt and seed, (N, H, W, 3) or (N, F, H, W, 3) uint8."""
        parts = [(tuple(prompts[i : i + self.batch]), tuple(seeds[i : i + self.batch])) for i in range(0, len(prompts), self.batch)]
        keys = [digest_of(self.digest, asdict(sampling), *part) for part in parts]
        missing = {key: part for key, part in zip(keys, parts, strict=True) if not self.cache.file(key).exists()}
        if missing:
            self._make(missing, sampling, what)
        return np.concatenate([self.cache.load(key) for key in keys])

    def _make(self, missing, sampling, what):
        self.pool = self.pool or ProcessPoolExecutor(
            self.processes, get_context("spawn"), _open, (self.folder, max(1, (os.cpu_count() or 1) // self.processes))
        )
        futures = {key: self.pool.submit(_work, *part, sampling) for key, part in missing.items()}
        for key, future in tqdm(futures.items(), desc=what, unit="batch"):
            self.cache.save(key, future.result())
