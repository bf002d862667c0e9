# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Trains the pocket U-Net and its CLIP text encoder on cached latents, and writes the diffusers folder."""

import argparse
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTokenizer

from darkroom_training.latent_task import LatentTask, arguments_for, learn
from darkroom_training.network import new_text_encoder, new_unet, plain_attention, save_pipeline


class UnetTask(LatentTask):
    def load_tokenizer(self):
        return CLIPTokenizer.from_pretrained(self.tokenizer)

    def new_text_encoder(self):
        return new_text_encoder(self.load_tokenizer())

    def read(self, text_encoder, ids):
        return text_encoder(ids).last_hidden_state[:, -1]  # the last token of the window has read the whole caption

    def networks(self):
        torch.manual_seed(0)
        text_encoder = self.text_encoder()
        if self.start:
            unet = UNet2DConditionModel.from_pretrained(self.start / "unet").float()
        else:
            unet = new_unet(AutoencoderKL.load_config(self.vae)["latent_channels"])
        return {"unet": plain_attention(unet).to(memory_format=torch.channels_last), "text_encoder": text_encoder}

    def predict(self, networks, sample, steps, ids):
        states = networks["text_encoder"](ids).last_hidden_state
        return networks["unet"](sample, steps, states).sample

    def save(self, networks):
        networks["unet"].set_default_attn_processor()
        vae = AutoencoderKL.from_pretrained(self.vae)
        save_pipeline(self.folder, networks["unet"], networks["text_encoder"], vae, self.load_tokenizer())


def main():
    parser = argparse.ArgumentParser(prog="darkroom-train-unet", description="Trains the pocket U-Net and its text encoder; resumes by itself.")
    arguments_for(parser, Path("models/pocket-unet/tokenizer"))
    a = parser.parse_args()
    learn(UnetTask(a.folder / "model", a.latents, a.vae, a.tokenizer, a.start, a.batch, a.text_steps), a)


if __name__ == "__main__":
    main()
