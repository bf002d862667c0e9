# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""A VAE keeps its latents and pictures under the scaling factor that diffusers insists on."""

import pytest
import torch
from diffusers import AutoencoderKL

from darkroom_training.upscaler_folder import SCALING_FACTOR, folded_vae


@pytest.fixture
def vae():
    torch.manual_seed(0)
    vae = AutoencoderKL(
        latent_channels=8, block_out_channels=(8, 16), norm_num_groups=4, scaling_factor=0.6,
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
    ).eval()  # fmt: skip
    torch.nn.init.normal_(vae.quant_conv.bias)
    return vae


@torch.no_grad()
def test_folded_vae_has_the_same_scaled_latents_and_pictures(vae):
    folded = folded_vae(vae)
    picture = torch.rand(2, 3, 16, 16) * 2 - 1
    before, after = vae.encode(picture).latent_dist, folded.encode(picture).latent_dist
    latents = before.mean * vae.config.scaling_factor
    torch.testing.assert_close(after.mean * folded.config.scaling_factor, latents)
    torch.testing.assert_close(after.std * folded.config.scaling_factor, before.std * vae.config.scaling_factor)
    torch.testing.assert_close(folded.decode(latents / SCALING_FACTOR).sample, vae.decode(latents / vae.config.scaling_factor).sample)


def test_folded_vae_leaves_the_original_alone(vae):
    weights = vae.post_quant_conv.weight.clone()
    folded = folded_vae(vae)
    assert folded.config.scaling_factor == SCALING_FACTOR
    assert vae.config.scaling_factor == 0.6
    assert torch.equal(vae.post_quant_conv.weight, weights)
