# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Tiny random models in the layouts of the real ones, over the shipped VAE, text encoder and tokenizer."""

from concurrent.futures import Future
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKL, StableDiffusionUpscalePipeline, UNet2DConditionModel
from transformers import CLIPConfig, CLIPModel, CLIPTextModel, CLIPTokenizer

from darkroom_training import caption, generated
from darkroom_training.caption_tokenizer import new_tokenizer
from darkroom_training.clip import save_clip
from darkroom_training.judge import Judge
from darkroom_training.network import new_scheduler, save_pipeline
from darkroom_training.upscaler import new_low_res_scheduler

MODEL = Path(__file__).parents[2] / "models/pocket-unet"


def tiny_unet(channels: int, out_channels: int | None = None, **config) -> UNet2DConditionModel:
    torch.manual_seed(0)
    return UNet2DConditionModel(
        sample_size=16, in_channels=channels, out_channels=out_channels or channels, layers_per_block=1, block_out_channels=(16, 32),
        norm_num_groups=4, cross_attention_dim=128, attention_head_dim=2,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), **config,
    )  # fmt: skip


def shipped():
    return (
        CLIPTextModel.from_pretrained(MODEL / "text_encoder"), AutoencoderKL.from_pretrained(MODEL / "vae"),
        CLIPTokenizer.from_pretrained(MODEL / "tokenizer"),
    )  # fmt: skip


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    """A text-to-image folder of one step."""
    folder = tmp_path_factory.mktemp("base") / "pocket-unet"
    save_pipeline(folder, tiny_unet(8), *shipped())
    (folder / "generation_defaults.json").write_text('{"num_inference_steps": 1, "guidance_scale": 1.0, "upscale_factor": 4}')
    return folder


@pytest.fixture(scope="session")
def upscaler(tmp_path_factory):
    """An upscaler folder of two steps."""
    folder = tmp_path_factory.mktemp("upscaler") / "pocket-upscaler"
    text_encoder, _, tokenizer = shipped()
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 3, up_block_types=("UpDecoderBlock2D",) * 3, block_out_channels=(8, 8, 8),
        layers_per_block=1, latent_channels=8, norm_num_groups=4,
    )  # fmt: skip
    StableDiffusionUpscalePipeline(
        vae=vae.half(), text_encoder=text_encoder.half(), tokenizer=tokenizer, unet=tiny_unet(11, 8, class_embed_type="timestep").half(),
        low_res_scheduler=new_low_res_scheduler(), scheduler=new_scheduler(),
    ).save_pretrained(folder)  # fmt: skip
    (folder / "generation_defaults.json").write_text('{"num_inference_steps": 2, "guidance_scale": 1.0, "noise_level": 20}')
    return folder


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clip") / "pocket-clip"
    tokenizer = CLIPTokenizer.from_pretrained(MODEL / "tokenizer")
    torch.manual_seed(0)
    text = dict(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, max_position_embeddings=32,
        eos_token_id=tokenizer.eos_token_id,
    )  # fmt: skip
    vision = dict(hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, image_size=64, patch_size=16)
    save_clip(folder, CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=16)), tokenizer)
    return folder


@pytest.fixture(scope="session")
def judge_file(tmp_path_factory):
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("judge") / "judge.pt"
    torch.save({"judge": Judge().state_dict()}, file)
    return file


class SameProcess:
    """Stands where a ProcessPoolExecutor does and works at once: a new process takes seconds to import its libraries."""

    def __init__(self, _processes, _context, initializer, arguments):
        initializer(*arguments)

    def submit(self, work, *arguments):
        future = Future()
        future.set_result(work(*arguments))
        return future

    def shutdown(self, **_):
        pass


@pytest.fixture
def same_process(monkeypatch):
    monkeypatch.setattr(generated, "ProcessPoolExecutor", SameProcess)
    monkeypatch.setattr(torch, "set_num_threads", lambda _: None)


@pytest.fixture(scope="session")
def captioner(tmp_path_factory):
    """A captioner's folder of random weights, no two tensors alike and large enough to prefer some words."""
    folder, tokenizer = tmp_path_factory.mktemp("captioner") / "pocket-caption", new_tokenizer(count=4000)
    torch.manual_seed(3)
    model = caption.new_captioner(tokenizer)
    with torch.no_grad():
        for parameter in model.decoder.parameters():
            parameter.mul_(3).add_(torch.randn(parameter.shape), alpha=0.02)
    caption.save_captioner(folder, model, tokenizer)
    return folder
