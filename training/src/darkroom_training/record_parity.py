# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Records what diffusers computes on a model folder, for the parity test of text2image-svc: to be run again whenever weights change.

PyTorch float32 on the CPU, weights as shipped (float16, widened), one CPU generator per picture. NAME.json says what ran; NAME.safetensors
holds, float16 unless said:

    <case>.latents          (steps, C, h, w) after every step; rounding to float16 is at most 4.9e-4 per number, 2e-4 in L2
    <case>.pixels           (H, W, 3) uint8
    <prompt>.initial        (C, h, w) the noise before ``init_noise_sigma``
    <prompt>.prompt_embeds  (2, S, D) negative prompt first
"""

import argparse
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import diffusers
import numpy as np
import torch
import transformers
from diffusers import DDIMScheduler, DDPMScheduler, EulerDiscreteScheduler, StableDiffusionPipeline
from safetensors.numpy import save_file
from tqdm import tqdm

SAMPLERS = {"ddim": (DDIMScheduler, 25), "euler": (EulerDiscreteScheduler, 20), "ddpm": (DDPMScheduler, 50)}


@dataclass(frozen=True)
class Prompt:
    prompt: str
    seed: int
    negative_prompt: str = ""
    guidance_scale: float = 4.0
    guidance_rescale: float = 0.0


PROMPTS = [
    Prompt("a fox in the snow", 100),
    Prompt("two pandas in a forest at night", 101, negative_prompt="tree", guidance_scale=5.0),
    Prompt("a red car on a beach", 102, guidance_scale=7.5),
    Prompt("a castle on a plain blue background", 103, guidance_scale=2.0),
    Prompt("a cat to the left of a tree in a meadow", 2**63 - 1),
    Prompt("a big pizza in space", 105, guidance_scale=6.0),
    Prompt(
        "a digital painting of a small penguin above a big red ball on a snowy day at sunset, highly detailed, with mountains and clouds far away "
        "behind the two of them and a little house with a light in every window",
        106, guidance_rescale=0.7,
    ),
    Prompt("a drawing of a purple dragon in the mountains", 107, guidance_scale=1.0),
]  # fmt: skip


def generated(pipeline: StableDiffusionPipeline, prompt: Prompt, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Generates one picture: latents after every step, and pixels."""
    latents = []

    def keep(_pipeline, _step, _timestep, values):
        latents.append(values["latents"][0].numpy().copy())
        return {}

    options = {name: value for name, value in asdict(prompt).items() if name != "seed"}
    noise = torch.Generator("cpu").manual_seed(prompt.seed)
    image = pipeline(num_inference_steps=steps, generator=noise, callback_on_step_end=keep, **options).images[0]
    return np.stack(latents).astype(np.float16), np.asarray(image)


@torch.no_grad()
def inputs(pipeline: StableDiffusionPipeline, prompt: Prompt) -> dict[str, np.ndarray]:
    """What a generation starts from: noise and prompt embeddings."""
    side, channels = pipeline.unet.config.sample_size, pipeline.unet.config.in_channels
    noise = torch.randn((1, channels, side, side), generator=torch.Generator("cpu").manual_seed(prompt.seed))
    positive, negative = pipeline.encode_prompt(prompt.prompt, "cpu", 1, True, prompt.negative_prompt)
    return {"initial": noise[0].half().numpy(), "prompt_embeds": torch.cat([negative, positive]).half().numpy()}


def record(folder: Path, target: Path):
    pipeline = StableDiffusionPipeline.from_pretrained(folder, torch_dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    own = pipeline.scheduler.config
    tensors = {f"{i}.{name}": value for i, prompt in enumerate(PROMPTS) for name, value in inputs(pipeline, prompt).items()}
    cases, samplers = [], {}
    for label, (scheduler, steps) in tqdm(SAMPLERS.items(), unit="sampler"):
        for i, prompt in enumerate(PROMPTS):
            pipeline.scheduler = scheduler.from_config(own)
            key = f"{label}-{i}"
            tensors[f"{key}.latents"], tensors[f"{key}.pixels"] = generated(pipeline, prompt, steps)
            cases.append({"key": key, **asdict(prompt), "scheduler": label, "num_inference_steps": steps, "inputs": str(i)})
        samplers[label] = {
            "class": scheduler.__name__,
            "timesteps": [float(t) for t in pipeline.scheduler.timesteps],
            "config": {name: value for name, value in pipeline.scheduler.config.items() if not name.startswith("_")},
        }
    versions = {module.__name__: module.__version__ for module in (diffusers, transformers, torch)}
    header = {"recorded_by": "darkroom-record-parity", **versions, "weights_sha256": weights(folder), "samplers": samplers, "cases": cases}
    target.parent.mkdir(parents=True, exist_ok=True)
    target.with_suffix(".json").write_text(json.dumps(header, indent=1) + "\n", encoding="utf-8")
    save_file(tensors, target.with_suffix(".safetensors"))


def weights(folder: Path) -> dict[str, str]:
    """SHA-256 of every weights file, by its path in the folder."""
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.glob("*/*.safetensors"))}


def main():
    parser = argparse.ArgumentParser(prog="darkroom-record-parity", description="Records diffusers' numbers on a model folder.")
    parser.add_argument("folder", type=Path, nargs="?", default=Path("models/pocket-unet"))
    parser.add_argument("--target", type=Path, default=Path("text2image-svc/src/test/resources/golden/pocket-unet-parity"), help="without suffix")
    arguments = parser.parse_args()
    record(arguments.folder, arguments.target)


if __name__ == "__main__":
    main()
