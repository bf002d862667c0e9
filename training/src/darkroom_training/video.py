# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Trains the pocket video model: the spatial layers of pocket-unet, inflated, with temporal convolutions and temporal attention between them.

The temporal layers start as the identity (Singer et al. 2022, Make-A-Video), so the first clip is pocket-unet's pictures, one per frame. They learn,
and the cross-attention and the text encoder with them; with so few clips, spatial layers that learned too only became noisier. Some batches are of single pictures, which have many more scenes than there are clips.
"""

import argparse
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, TextToVideoSDPipeline, UNet2DConditionModel, UNet3DConditionModel
from diffusers.models.attention_processor import Attention, AttnProcessor
from diffusers.models.transformers.transformer_temporal import TransformerTemporalModel
from torch import nn
from transformers import CLIPTextModel, CLIPTokenizer

from darkroom_training import text
from darkroom_training.clips import FRAME_RATE, FRAMES, numbered_clip
from darkroom_training.latent_task import LatentTask, arguments_for, learn, noised, time_steps
from darkroom_training.network import LATENT_SIZE, TEXT_WIDTH, new_scheduler
from darkroom_training.pictures import load_shards
from darkroom_training.temporal import flatten_time
from darkroom_training.unet import UnetTask
from darkroom_training.world.caption import known_subjects

HEAD_WIDTH = 32
WINDOW = 8  # frames of most training clips: half the cost, and every motion shows in them
WHOLE_SHARE = 0.25  # of the clips are seen whole
PICTURES_EVERY = 6  # batches


def new_video_unet(latent_channels: int) -> UNet3DConditionModel:
    """Builds the U-Net of clips: the levels of pocket-unet with temporal layers.

    For ``UNet3DConditionModel``, ``attention_head_dim`` is what it says, on all levels. At pocket-unet's 64 the first temporal transformer, which has
    eight heads on the finest level, would cost twice as much as all other layers together.
    """
    return UNet3DConditionModel(
        sample_size=LATENT_SIZE, in_channels=latent_channels, out_channels=latent_channels, layers_per_block=1,
        block_out_channels=(64, 128, 192), norm_num_groups=16, cross_attention_dim=TEXT_WIDTH, attention_head_dim=HEAD_WIDTH,
        down_block_types=("DownBlock3D", "CrossAttnDownBlock3D", "CrossAttnDownBlock3D"),
        up_block_types=("CrossAttnUpBlock3D", "CrossAttnUpBlock3D", "UpBlock3D"),
    )  # fmt: skip


def inflate(unet: UNet3DConditionModel, pictures: UNet2DConditionModel) -> UNet3DConditionModel:
    """Gives a U-Net of clips the spatial layers of one of pictures; its temporal layers become the identity."""
    spatial = pictures.state_dict()
    for name, module in pictures.named_modules():
        if isinstance(module, Attention):
            split_heads(spatial, name, module.heads, unet.get_submodule(name).heads)
    spatial = {name: values.flatten(1) if "proj_" in name and values.ndim == 4 else values for name, values in spatial.items()}
    _, unexpected = unet.load_state_dict(spatial, strict=False)
    if unexpected:
        raise SystemExit(f"these layers of the picture model have no place in the video model: {', '.join(unexpected)}")
    for module in unet.modules():
        if isinstance(module, TransformerTemporalModel):
            nn.init.zeros_(module.proj_out.weight)
            nn.init.zeros_(module.proj_out.bias)
    return unet


def split_heads(weights: dict[str, torch.Tensor], attention: str, heads: int, more: int):
    """Makes ``more`` heads of an attention's ``heads``: the parts of one head share its values out among them, and each of them looks where it looked.

    That takes a bilinear form of lower rank, the nearest one there is (Eckart & Young 1936), and no scale but the narrower heads' own.
    """
    if more == heads:
        return
    to_q, to_k = (weights[f"{attention}.to_{name}.weight"] for name in "qk")
    width, narrow, parts = len(to_q) // heads, len(to_q) // more, more // heads
    queries, keys = [], []
    for q, k in zip(to_q.split(width), to_k.split(width), strict=True):
        u, s, v = torch.linalg.svd(q.T @ k * (narrow / width) ** 0.5, full_matrices=False)
        root = s[:narrow].sqrt().unsqueeze(1)
        queries += [root * u.T[:narrow]] * parts
        keys += [root * v[:narrow]] * parts
    weights[f"{attention}.to_q.weight"], weights[f"{attention}.to_k.weight"] = torch.cat(queries), torch.cat(keys)


LEARNING = ("temp_", "transformer_in", ".attn2.")


def freeze_pictures(unet: UNet3DConditionModel) -> UNet3DConditionModel:
    """Leaves the temporal layers to learn, and those that read the caption, which has words for motion now: what frames look like stays."""
    for name, parameter in unet.named_parameters():
        parameter.requires_grad_(any(part in name for part in LEARNING))
    return unet


def quick(unet: UNet3DConditionModel) -> UNet3DConditionModel:
    """Prepares the U-Net for training on a CPU: written-out attention, flat temporal convolutions, channels last, no dropout."""
    unet.set_attn_processor(AttnProcessor())
    for module in flatten_time(unet).modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        if isinstance(module, nn.Conv2d):
            module.to(memory_format=torch.channels_last)
    return unet


@dataclass(frozen=True)
class VideoTask(UnetTask):
    """Clips of cached latents, and the pictures of LatentTask between them."""

    pictures: Path  # shards of darkroom-draw

    def networks(self):
        torch.manual_seed(0)
        if (self.start / "unet" / "config.json").read_text(encoding="utf-8").find("UNet3D") > 0:
            unet = UNet3DConditionModel.from_pretrained(self.start / "unet").float()
        else:
            unet = inflate(
                new_video_unet(AutoencoderKL.load_config(self.vae)["latent_channels"]),
                UNet2DConditionModel.from_pretrained(self.start / "unet").float(),
            )
        return {"unet": freeze_pictures(quick(unet)), "text_encoder": self.text_encoder()}

    def batches(self, seed: int) -> Iterator[tuple]:
        stills = LatentTask.batches(self._of_pictures(), seed)
        for number, clips in enumerate(self._clips(seed)):
            if number % PICTURES_EVERY:
                yield clips
            else:
                sample, steps, ids, target, masks = next(stills)
                yield sample.unsqueeze(2), steps, ids, target.unsqueeze(2), masks.unsqueeze(1)

    def _of_pictures(self):
        return UnetTask(self.folder, self.pictures, self.vae, self.tokenizer, self.start, 16, 0)

    def _clips(self, seed: int) -> Iterator[tuple]:
        shards = load_shards(self.latents)
        scenes = [numbered_clip(int(number)) for number in shards["seeds"]]
        scale = AutoencoderKL.load_config(self.vae)["scaling_factor"]
        tokenizer = self.load_tokenizer()
        rng = random.Random(seed)
        noise = torch.Generator().manual_seed(rng.getrandbits(32))
        alphas_cumprod = new_scheduler().alphas_cumprod
        while True:
            whole = rng.random() < WHOLE_SHARE
            chosen = np.array(rng.sample(range(len(scenes)), self.batch // 2 if whole else self.batch))
            first = 0 if whole else rng.randint(0, FRAMES - WINDOW)
            frames = slice(first, FRAMES if whole else first + WINDOW)
            latents = torch.from_numpy(shards["latents"][chosen, frames].astype(np.float32)).transpose(1, 2) * scale
            steps = time_steps(len(chosen), noise)
            sample, v = noised(latents, torch.randn(latents.shape, generator=noise), alphas_cumprod[steps])
            captions = [text.training_caption(scenes[i], rng) for i in chosen]
            masks = torch.from_numpy(shards["masks"][chosen, frames].astype(np.float32) / 255)
            yield sample, steps, text.input_ids(tokenizer, captions), v, masks

    def save(self, networks):
        save_video_pipeline(self.folder, networks["unet"], networks["text_encoder"], AutoencoderKL.from_pretrained(self.vae), self.load_tokenizer())


def save_video_pipeline(folder: Path, unet: UNet3DConditionModel, text_encoder: CLIPTextModel, vae: AutoencoderKL, tokenizer: CLIPTokenizer):
    """Writes a diffusers folder with float16 weights, and beside them what Darkroom reads."""
    unet.set_default_attn_processor()
    TextToVideoSDPipeline(
        vae=vae.half(), text_encoder=text_encoder.half(), tokenizer=tokenizer, unet=unet.half(), scheduler=new_scheduler()
    ).save_pretrained(folder)
    (folder / "known_subjects").write_text("\n".join(known_subjects()) + "\n", encoding="utf-8")
    defaults = f'{{"num_inference_steps": 15, "guidance_scale": 2.0, "num_frames": {FRAMES}, "frame_rate": {FRAME_RATE}, "upscale_factor": 4}}\n'
    (folder / "generation_defaults.json").write_text(defaults, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(prog="darkroom-train-video", description="Trains the pocket video model; resumes by itself.")
    arguments_for(parser, Path("models/pocket-unet/tokenizer"))
    parser.add_argument("--pictures", type=Path, required=True, help="shards from darkroom-draw --vae")
    parser.set_defaults(start=Path("models/pocket-unet"), batch=4, muon_rate=8e-4, adam_rate=3e-4, text_steps=0)
    a = parser.parse_args()
    learn(VideoTask(a.folder / "model", a.latents, a.vae, a.tokenizer, a.start, a.batch, a.text_steps, a.pictures), a)


if __name__ == "__main__":
    main()
