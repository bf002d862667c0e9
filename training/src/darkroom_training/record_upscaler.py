# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Records what diffusers' StableDiffusionUpscalePipeline computes on a folder, for UpscaleParityTest; to be run again whenever weights change.

    darkroom-record-upscaler --tiny                    writes inference/src/test/resources/tiny-upscaler, random, and its numbers
    darkroom-record-upscaler models/pocket-upscaler    records any folder

PyTorch float32 on the CPU, weights as shipped (float16, widened), one CPU generator per picture. The picture to enlarge is drawn here: a disc and
a bar over a gradient with some noise, as large as the U-Net's sample_size, so that diffusers does in one go what Darkroom does in one tile. GOLDEN/NAME.json
says what ran, GOLDEN/NAME.safetensors holds

    image            (h, w, 3) uint8, the picture to enlarge
    <case>.latents   (steps, C, h, w) float16 after every step; rounding to float16 is at most 4.9e-4 per number, 2e-4 in L2
    <case>.pixels    (H, W, 3) uint8
    tiled.*          the same for a picture of several tiles, by the plain statement of the blend in this file
"""

import argparse
import json
import math
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import diffusers
import numpy as np
import torch
import transformers
from diffusers import AutoencoderKL, DDIMScheduler, DDPMScheduler, EulerDiscreteScheduler, StableDiffusionUpscalePipeline, UNet2DConditionModel
from PIL import Image
from safetensors.numpy import save_file
from tqdm import tqdm
from transformers import CLIPTextConfig, CLIPTextModel

from darkroom_training.export import export
from darkroom_training.record_parity import weights
from darkroom_training.record_tiny_model import VOCABULARY, WINDOW, tokenizer
from darkroom_training.upscaler_folder import SCALING_FACTOR, write_index

TINY = Path("inference/src/test/resources/tiny-upscaler")
GOLDEN = Path("inference/src/test/resources/golden")
SAMPLERS = {"ddim": DDIMScheduler, "euler": EulerDiscreteScheduler, "ddpm": DDPMScheduler}
PROMPT = "a fox in the snow"


@dataclass(frozen=True)
class Case:
    key: str
    seed: int
    noise_level: int
    num_inference_steps: int
    guidance_scale: float = 1.0
    scheduler: str = "ddim"
    prompt: str = PROMPT


def cases(noise_level: int, max_noise_level: int, steps: int) -> list[Case]:
    """Seeds, noise levels, step counts, guidance and samplers, each varied around the folder's own defaults."""
    few = max(1, steps // 2)
    return [
        Case("defaults", 1, noise_level, steps),
        Case("other-seed", 2**63 - 1, noise_level, few),
        Case("least-noise", 2, 0, few),
        Case("most-noise", 3, max_noise_level, few, prompt=""),
        Case("guided", 4, noise_level, few, guidance_scale=3.0),
        Case("guided-long", 5, noise_level, steps, guidance_scale=2.0),
        Case("euler", 6, noise_level, few, scheduler="euler"),
        Case("ddpm", 7, noise_level, few, scheduler="ddpm"),
    ]


def picture(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width].astype(np.float64) / (height - 1)
    rgb = np.stack([x, y, 1 - x * y], axis=-1) * 200
    rgb[(x - 0.4) ** 2 + (y - 0.6) ** 2 < 0.06] = (240, 120, 20)
    rgb[(abs(x - 0.75) < 0.05) & (y > 0.2)] = (20, 40, 30)
    rgb += np.random.default_rng(7).normal(0, 6, rgb.shape)
    return rgb.clip(0, 255).astype(np.uint8)


def enlarged(pipeline: StableDiffusionUpscalePipeline, case: Case, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Enlarges the picture once: latents after every step, and pixels."""
    latents = []
    result = pipeline(
        prompt=case.prompt, image=Image.fromarray(image), num_inference_steps=case.num_inference_steps, guidance_scale=case.guidance_scale,
        noise_level=case.noise_level, generator=torch.Generator("cpu").manual_seed(case.seed),
        callback=lambda _step, _timestep, values: latents.append(values[0].numpy().copy()),
    )  # fmt: skip
    return np.stack(latents).astype(np.float16), np.asarray(result.images[0])


def axis(length: int, tile: int, factor: int) -> list[tuple[int, torch.Tensor]]:
    """Start of every tile along an axis, and its share of every place when a place has become ``factor``: linear ramps over a quarter of a tile,
    divided by their sum."""
    overlap, side = tile // 4, tile * factor
    count = 1 if length <= tile else math.ceil((length - overlap) / (tile - overlap))
    starts = [i * (length - tile) // max(1, count - 1) for i in range(count)]
    place, ramps = torch.arange(side) + 0.5, torch.zeros(count, length * factor, dtype=torch.float64)
    for i, start in enumerate(starts):
        first = torch.ones(side) if i == 0 else place / (overlap * factor)
        last = torch.ones(side) if i == count - 1 else (side - place) / (overlap * factor)
        ramps[i, start * factor : start * factor + side] = torch.minimum(first, last).clamp(max=1)
    ramps /= ramps.sum(0)
    return [(start, ramps[i, start * factor : start * factor + side]) for i, start in enumerate(starts)]


def blended(plane: torch.Tensor, tile: int, network, factor: int = 1) -> torch.Tensor:
    """Asks a network for overlapping tiles of (1, C, h, w) and blends what it says, ``factor`` times as large, in float64."""
    whole = None
    for y, vertical in axis(plane.shape[2], tile, factor):
        for x, horizontal in axis(plane.shape[3], tile, factor):
            part = network(plane[..., y : y + tile, x : x + tile])
            if whole is None:
                whole = torch.zeros(1, part.shape[1], plane.shape[2] * factor, plane.shape[3] * factor, dtype=torch.float64)
            whole[..., y * factor : (y + tile) * factor, x * factor : (x + tile) * factor] += part * vertical[:, None] * horizontal
    return whole


@torch.no_grad()
def tiled(pipeline: StableDiffusionUpscalePipeline, case: Case, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As :func:`enlarged`, for a picture larger than a tile and without guidance: MultiDiffusion, and the decoder's tiles blended likewise."""
    tile, scheduler, vae = pipeline.unet.config.sample_size, pipeline.scheduler, pipeline.vae
    embeds, _ = pipeline.encode_prompt(case.prompt, "cpu", 1, False)
    generator = torch.Generator("cpu").manual_seed(case.seed)
    level = torch.tensor([case.noise_level])
    small = torch.from_numpy(image.astype(np.float32) / 255).permute(2, 0, 1)[None] * 2 - 1
    small = pipeline.low_res_scheduler.add_noise(small, torch.randn(small.shape, generator=generator), level)
    scheduler.set_timesteps(case.num_inference_steps)
    latents = torch.randn(1, vae.config.latent_channels, *image.shape[:2], generator=generator) * scheduler.init_noise_sigma
    kept = []
    for t in scheduler.timesteps:
        sample = torch.cat([scheduler.scale_model_input(latents, t), small], 1)
        predicted = blended(sample, tile, lambda part, t=t: pipeline.unet(part, t, embeds, class_labels=level, return_dict=False)[0])
        latents = scheduler.step(predicted.float(), t, latents, return_dict=False)[0]
        kept.append(latents[0].numpy().copy())
    decoded = blended(
        latents / vae.config.scaling_factor, tile,
        lambda part: (vae.decode(part, return_dict=False)[0] / 2 + 0.5).clamp(0, 1), pipeline.vae_scale_factor,
    )  # fmt: skip
    pixels = (decoded[0].permute(1, 2, 0) * 255).round().to(torch.uint8).contiguous()  # safetensors stores memory as it lies
    return np.stack(kept).astype(np.float16), pixels.numpy()


def record(folder: Path, golden: Path):
    said = json.loads((folder / "vae/config.json").read_text()).get("scaling_factor")
    if said != SCALING_FACTOR:
        raise SystemExit(f"{folder}/vae: scaling_factor is {said}, but diffusers reads every upscaler's with {SCALING_FACTOR}: use upscaler_folder.folded_vae")
    pipeline = StableDiffusionUpscalePipeline.from_pretrained(folder, torch_dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    own, side = pipeline.scheduler.config, pipeline.unet.config.sample_size
    defaults = json.loads((folder / "generation_defaults.json").read_text())
    listed = cases(defaults["noise_level"], pipeline.config.max_noise_level, defaults["num_inference_steps"])
    image, large = picture(side, side), picture(side * 3 // 2, side * 9 // 4)
    tensors = {"image": image, "tiled.image": large}
    for case in tqdm(listed, unit="case"):
        pipeline.scheduler = SAMPLERS[case.scheduler].from_config(own)
        tensors[f"{case.key}.latents"], tensors[f"{case.key}.pixels"] = enlarged(pipeline, case, image)
    pipeline.scheduler = SAMPLERS["ddim"].from_config(own)
    several = Case("tiled", 8, defaults["noise_level"], max(1, defaults["num_inference_steps"] // 2))
    tensors["tiled.latents"], tensors["tiled.pixels"] = tiled(pipeline, several, large)
    versions = {module.__name__: module.__version__ for module in (diffusers, transformers, torch)}
    header = {"recorded_by": "darkroom_training.record_upscaler", **versions, "weights_sha256": weights(folder)}
    golden.parent.mkdir(parents=True, exist_ok=True)
    golden.with_suffix(".json").write_text(json.dumps(header | {"cases": [asdict(case) for case in [*listed, several]]}, indent=1) + "\n", encoding="utf-8")
    save_file(tensors, golden.with_suffix(".safetensors"))


@torch.no_grad()
def write_tiny(folder: Path):
    """Writes a random upscaler of the pocket upscaler's shape, a few hundred KB in all, and its graphs."""
    torch.manual_seed(7)
    shutil.rmtree(folder, ignore_errors=True)
    scheduler = {
        "_class_name": "DDIMScheduler", "_diffusers_version": diffusers.__version__, "beta_end": 0.012, "beta_schedule": "scaled_linear",
        "beta_start": 0.00085, "clip_sample": False, "prediction_type": "v_prediction", "rescale_betas_zero_snr": True, "timestep_spacing": "trailing",
    }  # fmt: skip
    write_index(folder, scheduler, 60, {"num_inference_steps": 6, "guidance_scale": 1.0, "noise_level": 10})
    tokenizer(folder / "tokenizer")
    text_encoder = CLIPTextModel(CLIPTextConfig(
        vocab_size=VOCABULARY, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, max_position_embeddings=WINDOW,
    ))  # fmt: skip
    unet = UNet2DConditionModel(
        sample_size=16, in_channels=11, out_channels=8, block_out_channels=(8, 16), layers_per_block=1, cross_attention_dim=16,
        attention_head_dim=2, norm_num_groups=4, num_class_embeds=64,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )  # fmt: skip
    vae = AutoencoderKL(
        latent_channels=8, block_out_channels=(8, 8, 8), norm_num_groups=4, scaling_factor=SCALING_FACTOR,
        down_block_types=("DownEncoderBlock2D",) * 3, up_block_types=("UpDecoderBlock2D",) * 3,
    )  # fmt: skip
    for name, network in (("text_encoder", text_encoder), ("unet", unet), ("vae", vae)):
        network.half().save_pretrained(folder / name)
    for file in folder.rglob("config.json"):
        settings = json.loads(file.read_text())
        settings.pop("_name_or_path", None)
        file.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n# Seeded noise\n", encoding="utf-8")
    export(folder)
    (folder / "vae/encoder_model.onnx").unlink()  # nobody encodes here


def main():
    parser = argparse.ArgumentParser(prog="darkroom-record-upscaler", description="Records diffusers' numbers on an upscaler's folder.")
    parser.add_argument("folder", type=Path, nargs="?", default=Path("models/pocket-upscaler"))
    parser.add_argument("--tiny", action="store_true", help=f"write {TINY} anew and record that")
    arguments = parser.parse_args()
    folder = TINY if arguments.tiny else arguments.folder
    if arguments.tiny:
        write_tiny(folder)
    record(folder, GOLDEN / folder.name)


if __name__ == "__main__":
    main()
