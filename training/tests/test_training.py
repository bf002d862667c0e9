# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""The parts of the trainers: shared weights, optimizers, noise, and a whole run of a few steps."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTokenizer

from darkroom_training import pictures, text, unet, vae
from darkroom_training.network import new_scheduler, new_text_encoder, new_unet
from darkroom_training.optimizers import Optimizer, Rates, is_matrix, orthogonalized, shares
from darkroom_training.shared_weights import SharedWeights, slices
from darkroom_training.world import held_out, numbered_scene
from darkroom_training.world.sprites import DEBIAN_FONT

MODEL = Path(__file__).parents[2] / "models/pocket-unet"
needs_font = pytest.mark.skipif(not Path(DEBIAN_FONT).is_file(), reason="fonts-noto-color-emoji is not installed")


def test_slices_cover_every_parameter_once_and_keep_its_values():
    networks = {"unet": new_unet(8)}
    layout = slices(networks)
    shared = SharedWeights(layout[-1].offset + layout[-1].length, 1, "cpu")
    before = [parameter.detach().clone() for parameter in networks["unet"].parameters()]
    shared.fill(layout, networks)
    shared.bind(layout, networks, 0)
    assert all(torch.equal(a, b) for a, b in zip(before, networks["unet"].parameters(), strict=True))
    next(networks["unet"].parameters()).data.fill_(7)
    assert (shared.weights[: layout[0].length] == 7).all()


def test_orthogonalized_moves_singular_values_close_to_one():
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonalized(torch.randn(2, 16, 64)))
    assert values.min() > 0.6 and values.max() < 1.3


def test_shares_deal_every_parameter_to_one_process():
    layout = slices({"unet": new_unet(8)})
    dealt = shares(layout, 2)
    assert sorted(part.offset for share in dealt for part in share) == [part.offset for part in layout]
    loads = [sum(part.length for part in share if is_matrix(part)) for share in dealt]
    assert max(loads) < 1.1 * min(loads)


def test_optimizer_descends_a_quadratic():
    torch.manual_seed(0)
    networks = {"net": torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Linear(16, 4))}
    layout = slices(networks)
    shared = SharedWeights(layout[-1].offset + layout[-1].length, 2, "cpu")
    shared.fill(layout, networks)
    optimizers = [Optimizer(shared, share, Rates(0.02, 0.02)) for share in shares(layout, 2)]
    first = shared.weights.square().sum().item()
    for step in range(1, 60):
        shared.gradients.copy_(shared.weights.expand(2, -1))
        for optimizer in optimizers:
            optimizer.step(step, 1 - step / 60)
    assert shared.weights.square().sum().item() < 0.4 * first


def test_noised_v_gives_back_latents_and_noise():
    alphas_cumprod = new_scheduler().alphas_cumprod[torch.tensor([10, 500, 999])]
    latents, noise = torch.randn(3, 8, 4, 4), torch.randn(3, 8, 4, 4)
    sample, v = unet.noised(latents, noise, alphas_cumprod)
    signal, spread = alphas_cumprod.sqrt().view(-1, 1, 1, 1), (1 - alphas_cumprod).sqrt().view(-1, 1, 1, 1)
    torch.testing.assert_close(signal * sample - spread * v, latents, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(sample[2], noise[2])  # zero terminal SNR


def test_timeSteps_stress_the_noise_levels_of_shapes_and_leave_none_out():
    steps = unet.time_steps(20_000, torch.Generator().manual_seed(0))
    assert steps.min() < 20 and steps.max() > 980
    assert 620 < steps.float().median() < 720


def test_factor_warms_up_and_falls_to_nothing():
    assert unet.factor(0, 1000) == 0.01
    assert unet.factor(400, 1000) == 1
    assert unet.factor(999, 1000) < 0.01


def test_trainingCaption_is_empty_once_in_ten():
    rng = random.Random(0)
    captions = [text.training_caption(numbered_scene(seed), rng) for seed in range(2000)]
    assert 0.07 < captions.count("") / 2000 < 0.13


def test_pretrain_text_learns_the_setting():
    tokenizer = CLIPTokenizer.from_pretrained(MODEL / "tokenizer")
    torch.manual_seed(0)
    encoder = new_text_encoder(tokenizer)
    before = encoder.text_model.embeddings.token_embedding.weight.detach().clone()
    text.pretrain(encoder, tokenizer, 3, size=16)
    assert not torch.equal(before, encoder.text_model.embeddings.token_embedding.weight)


@needs_font
def test_vaeLoss_whole_and_windowed_batches_have_gradients():
    drawn = pictures.pictures(list(range(8)))
    network = vae.new_vae()
    rng = np.random.default_rng(0)
    vae.loss_of(network, vae.batch_of(drawn, pictures.windows([1, 2]), True, rng)[:4]).backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    assert vae.batch_of(drawn, drawn, False, rng).shape == (vae.BATCH, 3, 64, 64)


def tiny_unet(latent_channels):
    return UNet2DConditionModel(
        sample_size=16, in_channels=latent_channels, out_channels=latent_channels, layers_per_block=1, block_out_channels=(16, 32),
        norm_num_groups=4, cross_attention_dim=128, attention_head_dim=2,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )  # fmt: skip


@needs_font
def test_train_unet_few_steps_resume_and_write_a_pipeline(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "SHARD", 16)
    monkeypatch.setattr(unet, "new_unet", tiny_unet)
    latents = tmp_path / "latents"
    latents.mkdir()
    pictures.draw_shard(0, latents, pictures.FIRST_TRAINING_SEED, 16, MODEL / "vae")
    assert not any(held_out(numbered_scene(int(seed))) for seed in pictures.load_shards(latents)["seeds"])
    run = unet.Run(tmp_path, latents, MODEL / "vae", MODEL / "tokenizer", None, 1, 2, 2, 1, 1, "cpu", Rates())
    unet.train(run)
    unet.train(unet.Run(**{**run.__dict__, "steps": 3}))
    assert torch.load(tmp_path / "training.pt", weights_only=True)["step"] == 3
    pipeline = StableDiffusionPipeline.from_pretrained(tmp_path / "model", torch_dtype=torch.float32)
    assert pipeline("a fox in the snow", num_inference_steps=1, output_type="np").images.shape == (1, 64, 64, 3)
    weights = json.loads((tmp_path / "model/scheduler/scheduler_config.json").read_text())
    assert weights["prediction_type"] == "v_prediction" and weights["rescale_betas_zero_snr"]


def test_encoded_pictures_are_the_means_of_the_posterior():
    network = AutoencoderKL.from_pretrained(MODEL / "vae").float()
    pixels = np.random.default_rng(0).integers(0, 255, (2, 64, 64, 3), dtype=np.uint8)
    with torch.no_grad():
        mean = network.encode(pictures.to_tensor(pixels)).latent_dist.mean.numpy()
    assert np.abs(pictures.encoded(network, pixels) - mean).max() < 0.15  # bfloat16
