# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Trains pocket-clip: CLIPModel (Radford et al. 2021) on 64-px pictures of the pocket world and their captions.

The contrastive loss alone is slow to notice what is small in a picture, so heads that are thrown away afterwards also ask each embedding what
it shows. The pictures are roughened as a generator would: blurred, noised, recoloured, passed through the VAE.
"""

import argparse
import json
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import nn
from torch.nn import functional as F
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTextModel, CLIPTokenizer

from darkroom_training import text
from darkroom_training.judge import CLASSES, labels, reconstructed, roughened
from darkroom_training.optimizers import Rates
from darkroom_training.parallel import Run, train
from darkroom_training.pictures import pictures, to_tensor
from darkroom_training.world import Scene, caption, held_out, numbered_scene
from darkroom_training.world.scene import NAMES

FIRST_SEED = 700_000_000
BATCH = 96
SHARPNESS = 20.0  # of the heads on unit embeddings
RECONSTRUCTED = 6  # every n-th picture has been through the VAE
RECOLOURED = 0.15
MEAN = STD = [0.5] * 3


def new_clip(tokenizer: CLIPTokenizer) -> CLIPModel:
    """Builds the two towers: 64 patches of 8 x 8 px; the text tower has the shape of pocket-unet's text encoder."""
    text_config = dict(
        vocab_size=len(tokenizer), hidden_size=128, intermediate_size=512, num_hidden_layers=3, num_attention_heads=4,
        max_position_embeddings=tokenizer.model_max_length, bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    vision_config = dict(hidden_size=160, intermediate_size=640, num_hidden_layers=5, num_attention_heads=4, image_size=64, patch_size=8)
    return CLIPModel(CLIPConfig(text_config=text_config, vision_config=vision_config, projection_dim=128))


class Heads(nn.Module):
    """What is asked of embeddings in training: the judge's questions, and which subjects are in the picture."""

    def __init__(self, width: int):
        super().__init__()
        self.questions = nn.ModuleDict({name: nn.Linear(width, len(values)) for name, values in CLASSES.items()})
        self.presence = nn.Linear(width, len(NAMES))
        nn.init.constant_(self.presence.bias, -4)

    def loss(self, embeds: torch.Tensor, truth: dict[str, torch.Tensor]) -> torch.Tensor:
        asked = [F.cross_entropy(head(SHARPNESS * embeds), truth[name]) for name, head in self.questions.items()]
        present = F.binary_cross_entropy_with_logits(self.presence(SHARPNESS * embeds), truth["present"])
        return sum(asked) / len(asked) + 10 * present


def truth_of(scenes: list[Scene]) -> dict[str, torch.Tensor]:
    names = {name: i for i, name in enumerate(NAMES)}
    present = torch.zeros(len(scenes), len(NAMES))
    for row, scene in enumerate(scenes):
        for name in filter(None, (scene.subject, scene.other)):
            present[row, names[name]] = 1
    return labels(scenes) | {"present": present}


def recoloured(image: torch.Tensor) -> torch.Tensor:
    """Shifts and stretches the channels of half of a batch (N, 3, h, w)."""
    on = (torch.rand(len(image), 1, 1, 1) < 0.5).float()
    gain = 1 + on * RECOLOURED * (torch.rand(len(image), 3, 1, 1) * 2 - 1)
    return (image * gain + on * RECOLOURED * (torch.rand(len(image), 3, 1, 1) * 2 - 1)).clamp(-1, 1)


def contrastive(image_embeds: torch.Tensor, text_embeds: torch.Tensor, logit_scale: torch.Tensor) -> torch.Tensor:
    """Symmetric cross-entropy over the pictures and captions of a batch (Radford et al. 2021, figure 3)."""
    logits = logit_scale.exp().clamp(max=100) * image_embeds @ text_embeds.T
    own = torch.arange(len(logits), device=logits.device)
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2


@dataclass(frozen=True)
class ClipTask:
    folder: Path
    base: Path  # a model folder whose VAE, tokenizer and (to begin with) text encoder are used
    first_seed: int = FIRST_SEED

    def networks(self):
        torch.manual_seed(0)
        model = new_clip(CLIPTokenizer.from_pretrained(self.base / "tokenizer"))
        model.text_model.load_state_dict(CLIPTextModel.from_pretrained(self.base / "text_encoder").float().text_model.state_dict())
        return {"clip": model, "heads": Heads(model.config.projection_dim)}

    def batches(self, seed: int) -> Iterator[tuple]:
        tokenizer = CLIPTokenizer.from_pretrained(self.base / "tokenizer")
        vae = AutoencoderKL.from_pretrained(self.base / "vae").float().eval()
        rng = random.Random(seed)
        while True:
            scenes = {}
            while len(scenes) < BATCH:
                number = self.first_seed + rng.randrange(100_000_000)
                if not held_out(numbered_scene(number)):
                    scenes[number] = numbered_scene(number)
            pixels = pictures(list(scenes))
            pixels[::RECONSTRUCTED] = reconstructed(vae, pixels[::RECONSTRUCTED])
            ids = text.input_ids(tokenizer, [caption(scene, rng if rng.random() < text.PARAPHRASED else None) for scene in scenes.values()])
            yield recoloured(roughened(to_tensor(pixels))), ids, truth_of(list(scenes.values()))

    def loss(self, networks, batch):
        image, ids, truth = batch
        with torch.autocast(image.device.type, torch.bfloat16):
            output = networks["clip"](input_ids=ids, pixel_values=image)
        embeds = [F.normalize(value.float(), dim=-1) for value in (output.image_embeds, output.text_embeds)]
        return contrastive(*embeds, networks["clip"].logit_scale) + networks["heads"].loss(embeds[0], truth)

    def save(self, networks):
        save_clip(self.folder, networks["clip"], CLIPTokenizer.from_pretrained(self.base / "tokenizer"))
        torch.save(networks["heads"].state_dict(), self.folder.with_suffix(".heads.pt"))


def save_clip(folder: Path, model: CLIPModel, tokenizer: CLIPTokenizer):
    """Writes a transformers folder with float16 weights."""
    model.half().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    CLIPImageProcessor(size={"shortest_edge": 64}, crop_size={"height": 64, "width": 64}, image_mean=MEAN, image_std=STD).save_pretrained(folder)


@torch.inference_mode()
def embed_images(model: CLIPModel, pixels: np.ndarray, batch=256) -> np.ndarray:
    """Embeds pictures (N, 64, 64, 3) uint8 as unit vectors (N, D) float32."""
    parts = [model.get_image_features(pixel_values=to_tensor(part)) for part in np.array_split(pixels, -(-len(pixels) // batch))]
    return F.normalize(torch.cat(parts).float(), dim=-1).numpy()


@torch.inference_mode()
def embed_texts(model: CLIPModel, tokenizer: CLIPTokenizer, texts: list[str]) -> np.ndarray:
    """Embeds texts as unit vectors (N, D) float32."""
    return F.normalize(model.get_text_features(input_ids=text.input_ids(tokenizer, texts)).float(), dim=-1).numpy()


def zero_shot(model: CLIPModel, tokenizer: CLIPTokenizer, scenes: list[Scene], pixels: np.ndarray) -> float:
    """Share of pictures whose own caption is nearer than those of 71 other subjects in the same words."""
    images = embed_images(model, pixels)
    right = 0
    for image, scene in zip(images, scenes, strict=True):
        texts = embed_texts(model, tokenizer, [caption(Scene(**(vars(scene) | {"subject": name}))) for name in NAMES])
        right += NAMES[int((texts @ image).argmax())] == scene.subject
    return right / len(scenes)


def main():
    parser = argparse.ArgumentParser(prog="darkroom-train-clip", description="Trains pocket-clip on scenes drawn as it goes; resumes by itself.")
    parser.add_argument("folder", type=Path, help="where the training state and the model folder `model` go")
    parser.add_argument("--base", type=Path, default=Path("models/pocket-unet"), help="folder whose VAE and tokenizer are used")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--muon-rate", type=float, default=Rates.muon)
    parser.add_argument("--adam-rate", type=float, default=Rates.adam)
    a = parser.parse_args()
    task = ClipTask(a.folder / "model", a.base)
    train(task, Run(a.folder / "training.pt", a.minutes, a.processes, Rates(a.muon_rate, a.adam_rate)))
    from darkroom_training.judge import validation_scenes

    model, tokenizer = CLIPModel.from_pretrained(a.folder / "model").float(), CLIPTokenizer.from_pretrained(a.folder / "model")
    seeds = validation_scenes(200, True)
    print(json.dumps({"zero_shot_subject": zero_shot(model, tokenizer, [numbered_scene(seed) for seed in seeds], pictures(seeds))}))


if __name__ == "__main__":
    main()
