# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Captions as token ids, and a head start for the text encoder: a minute of naming what a caption describes."""

import random

import torch
from torch import nn
from torch.nn import functional as F
from tqdm import tqdm
from transformers import CLIPTextModel, CLIPTokenizer

from darkroom_training.world import Scene, caption, held_out, sample
from darkroom_training.world.scene import COLOURS, NAMES, PLAIN, RELATIONS, SETTINGS, SIZES, TIMES

ATTRIBUTES = {
    "subject": NAMES, "other": [None, *NAMES], "colour": [None, *COLOURS], "other_colour": [None, *COLOURS],
    "setting": [*SETTINGS, *(f"plain {colour}" for colour in PLAIN)], "time": TIMES, "size": [None, *SIZES], "count": [1, 2, 3],
    "relation": [None, *RELATIONS],
}  # fmt: skip
UNCONDITIONAL, PARAPHRASED = 0.1, 0.7


def training_caption(scene: Scene, rng: random.Random) -> str:
    """Words a scene for training; one in ten captions is empty, for classifier-free guidance."""
    if rng.random() < UNCONDITIONAL:
        return ""
    return caption(scene, rng if rng.random() < PARAPHRASED else None)


def input_ids(tokenizer: CLIPTokenizer, captions: list[str]) -> torch.Tensor:
    """Tokenizes captions, padded and cut to the window: (N, S) int64."""
    return tokenizer(captions, padding="max_length", truncation=True, return_tensors="pt").input_ids


def batch_of(tokenizer: CLIPTokenizer, size: int, rng: random.Random) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    scenes = []
    while len(scenes) < size:
        scene = sample(rng)
        if not held_out(scene):
            scenes.append(scene)
    truth = {name: torch.tensor([values.index(getattr(scene, name)) for scene in scenes]) for name, values in ATTRIBUTES.items()}
    return input_ids(tokenizer, [caption(scene, rng if rng.random() < 0.8 else None) for scene in scenes]), truth


def pretrain(text_encoder: CLIPTextModel, tokenizer: CLIPTokenizer, steps: int, size=128, peak_rate=1e-3):
    """Teaches the encoder to name every attribute at the last token of the window, which has read the whole caption.

    Trained with the U-Net alone, the encoder learns to pass colours and settings on long before subjects.
    """
    heads = nn.ModuleDict({name: nn.Linear(text_encoder.config.hidden_size, len(values)) for name, values in ATTRIBUTES.items()})
    optimizer = torch.optim.AdamW([*text_encoder.parameters(), *heads.parameters()], peak_rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, peak_rate, total_steps=steps, pct_start=0.1)
    rng = random.Random(7)
    for _ in (bar := tqdm(range(steps), desc="text encoder", unit="batch")):
        ids, truth = batch_of(tokenizer, size, rng)
        last = text_encoder(ids).last_hidden_state[:, -1]
        losses = {name: F.cross_entropy(head(last), truth[name]) for name, head in heads.items()}
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()
        schedule.step()
        bar.set_postfix(subject=f"{losses['subject'].item():.3f}")
