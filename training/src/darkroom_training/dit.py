# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Trains the pocket DiT and its T5 text encoder on cached latents, and writes the folder of a PixArtAlphaPipeline.

A transformer over patches of the latents (Peebles & Xie 2023; Chen et al. 2023, PixArt-alpha). With ``--teacher`` it learns mostly what a trained
U-Net predicts of the same noised latents (Hinton et al. 2015): that is the mean which v scatters around, so fewer pictures tell as much. Its
tokens are also pulled towards what the U-Net knows at the same place (Yu et al. 2025, representation alignment).
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DPMSolverMultistepScheduler, PixArtAlphaPipeline, PixArtTransformer2DModel, StableDiffusionPipeline, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from torch import nn
from torch.nn import functional as F
from transformers import T5Config, T5EncoderModel, T5Tokenizer

from darkroom_training import text
from darkroom_training.latent_task import LatentTask, arguments_for, learn
from darkroom_training.network import LATENT_SIZE, TEXT_WIDTH, new_scheduler
from darkroom_training.world.caption import known_subjects

LAYERS, HEADS, HEAD_WIDTH = 8, 4, 64
TEACHER_SHARE = 0.8  # of the target; the rest is v itself, so that the teacher's faults are not learnt for good
ALIGNED_BLOCK, ALIGNMENT = 4, 0.5  # whose tokens are aligned with the teacher's features, and the weight of that loss


def new_transformer(latent_channels: int) -> PixArtTransformer2DModel:
    """Builds the transformer; blocks begin as the identity, as in the paper's code."""
    transformer = PixArtTransformer2DModel(
        sample_size=LATENT_SIZE, patch_size=2, in_channels=latent_channels, out_channels=latent_channels, num_layers=LAYERS,
        num_attention_heads=HEADS, attention_head_dim=HEAD_WIDTH, cross_attention_dim=HEADS * HEAD_WIDTH, caption_channels=TEXT_WIDTH,
        use_additional_conditions=False,
    )  # fmt: skip
    nn.init.normal_(transformer.adaln_single.linear.weight, std=0.02)
    for layer in [transformer.proj_out, *(block.attn2.to_out[0] for block in transformer.transformer_blocks)]:
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
    return transformer


def new_text_encoder(tokenizer: T5Tokenizer) -> T5EncoderModel:
    return T5EncoderModel(
        T5Config(
            vocab_size=len(tokenizer), d_model=TEXT_WIDTH, d_kv=32, d_ff=2 * TEXT_WIDTH, num_layers=3, num_heads=4, dropout_rate=0.0,
            feed_forward_proj="gated-gelu", pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id,
        )
    )  # fmt: skip


def new_sampler() -> DPMSolverMultistepScheduler:
    """DPM-Solver++ 2M on the noise schedule of training."""
    trained = new_scheduler().config
    keys = ("beta_start", "beta_end", "beta_schedule", "prediction_type", "rescale_betas_zero_snr", "timestep_spacing")
    return DPMSolverMultistepScheduler(**{key: trained[key] for key in keys})


def kept(module: nn.Module) -> nn.Module:
    """Keeps what a module returns, as its ``output``."""
    module.register_forward_hook(lambda module, _, output: setattr(module, "output", output))
    return module


@dataclass(frozen=True)
class DitTask(LatentTask):
    teacher: Path | None = None  # a U-Net's folder over the same VAE

    def load_tokenizer(self):
        return T5Tokenizer.from_pretrained(self.tokenizer, legacy=False)

    def new_text_encoder(self):
        return new_text_encoder(self.load_tokenizer())

    def read(self, text_encoder, ids):
        mask = (ids != text_encoder.config.pad_token_id).float()
        states = text_encoder(ids, attention_mask=mask).last_hidden_state
        return (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)

    def networks(self):
        torch.manual_seed(0)
        text_encoder = self.text_encoder()
        if self.start:
            transformer = PixArtTransformer2DModel.from_pretrained(self.start / "transformer").float()
        else:
            transformer = new_transformer(AutoencoderKL.load_config(self.vae)["latent_channels"])
        transformer.set_attn_processor(AttnProcessor())
        networks = {"transformer": transformer, "text_encoder": text_encoder}
        if self.teacher:
            kept(transformer.transformer_blocks[ALIGNED_BLOCK])
            channels = UNet2DConditionModel.load_config(self.teacher / "unet")["block_out_channels"][1]
            networks["projection"] = nn.Linear(HEADS * HEAD_WIDTH, channels)
        return networks

    def predict(self, networks, sample, steps, ids):
        mask = (ids != networks["text_encoder"].config.pad_token_id).float()
        states = networks["text_encoder"](ids, attention_mask=mask).last_hidden_state
        conditions = {"resolution": None, "aspect_ratio": None}
        return networks["transformer"](
            sample, encoder_hidden_states=states, encoder_attention_mask=mask, timestep=steps, added_cond_kwargs=conditions
        ).sample

    def target(self):
        if not self.teacher:
            return super().target()
        teacher = StableDiffusionPipeline.from_pretrained(self.teacher, torch_dtype=torch.float32)
        unet, text_encoder = teacher.unet.eval().to(memory_format=torch.channels_last), teacher.text_encoder.eval()
        source = kept(unet.up_blocks[1].attentions[-1])  # 8 x 8, a place per token

        @torch.no_grad()
        def taught(captions, sample, steps, v):
            with torch.autocast(sample.device.type, torch.bfloat16):
                states = text_encoder(text.input_ids(teacher.tokenizer, captions)).last_hidden_state
                target = torch.lerp(v, unet(sample, steps, states).sample.float(), TEACHER_SHARE)
            return target, source.output[0].flatten(2).mT

        return taught

    def loss(self, networks, batch):
        if not self.teacher:
            return super().loss(networks, batch)
        *rest, (target, features), masks = batch
        error = super().loss(networks, (*rest, target, masks))
        tokens = networks["transformer"].transformer_blocks[ALIGNED_BLOCK].output
        with torch.autocast(tokens.device.type, torch.bfloat16):
            seen = networks["projection"](tokens)
        return error - ALIGNMENT * F.cosine_similarity(seen.float(), features.float(), dim=-1).mean()

    def save(self, networks):
        PixArtAlphaPipeline(
            tokenizer=self.load_tokenizer(), text_encoder=networks["text_encoder"].half(), transformer=networks["transformer"].half(),
            vae=AutoencoderKL.from_pretrained(self.vae).half(), scheduler=new_sampler(),
        ).save_pretrained(self.folder)  # fmt: skip
        (self.folder / "known_subjects").write_text("\n".join(known_subjects()) + "\n", encoding="utf-8")
        defaults = '{"num_inference_steps": 15, "guidance_scale": 2.5, "upscale_factor": 4}\n'
        (self.folder / "generation_defaults.json").write_text(defaults, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(prog="darkroom-train-dit", description="Trains the pocket DiT and its text encoder; resumes by itself.")
    arguments_for(parser, None)
    parser.add_argument("--teacher", type=Path, help="a U-Net's folder over the same VAE to learn from")
    a = parser.parse_args()
    learn(DitTask(a.folder / "model", a.latents, a.vae, a.tokenizer, a.start, a.batch, a.text_steps, a.teacher), a)


if __name__ == "__main__":
    main()
