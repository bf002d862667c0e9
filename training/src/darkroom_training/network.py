# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""The pocket U-Net model: ordinary diffusers and transformers classes at tiny sizes."""

from pathlib import Path

from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from darkroom_training.world.caption import known_subjects

LATENT_SIZE = 16
TEXT_WIDTH = 128


def new_unet(latent_channels: int) -> UNet2DConditionModel:
    """Builds the U-Net: 16 x 16 latents, cross-attention at 8 x 8 and 4 x 4, heads 64 wide (narrow ones are slow on a CPU).

    For ``UNet2DConditionModel``, ``attention_head_dim`` is the number of heads per level.
    """
    return UNet2DConditionModel(
        sample_size=LATENT_SIZE, in_channels=latent_channels, out_channels=latent_channels, layers_per_block=1,
        block_out_channels=(64, 128, 192), norm_num_groups=16, cross_attention_dim=TEXT_WIDTH, attention_head_dim=(1, 2, 3),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    )  # fmt: skip


def new_text_encoder(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    config = CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=TEXT_WIDTH, intermediate_size=4 * TEXT_WIDTH, num_hidden_layers=3, num_attention_heads=4,
        max_position_embeddings=tokenizer.model_max_length, bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    return CLIPTextModel(config)


def new_scheduler() -> DDIMScheduler:
    """v-prediction with zero terminal SNR and trailing spacing (Lin et al. 2024), without which plain black and white cannot be drawn."""
    return DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", prediction_type="v_prediction", rescale_betas_zero_snr=True,
        timestep_spacing="trailing", clip_sample=False, set_alpha_to_one=True, steps_offset=1,
    )  # fmt: skip


def plain_attention(unet: UNet2DConditionModel) -> UNet2DConditionModel:
    """Trains with softmax(Q K^T) V written out: a fifth faster than the fused kernel on a CPU at these lengths."""
    unet.set_attn_processor(AttnProcessor())
    return unet


def save_pipeline(folder: Path, unet: UNet2DConditionModel, text_encoder: CLIPTextModel, vae: AutoencoderKL, tokenizer: CLIPTokenizer):
    """Writes a diffusers folder with float16 weights, and beside them what Darkroom reads: ``known_subjects`` and ``generation_defaults.json``."""
    StableDiffusionPipeline(
        vae=vae.half(), text_encoder=text_encoder.half(), tokenizer=tokenizer, unet=unet.half(), scheduler=new_scheduler(),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    ).save_pretrained(folder)  # fmt: skip
    (folder / "known_subjects").write_text("\n".join(known_subjects()) + "\n", encoding="utf-8")
    (folder / "generation_defaults.json").write_text('{"num_inference_steps": 15, "guidance_scale": 1.5, "upscale_factor": 4}\n', encoding="utf-8")
