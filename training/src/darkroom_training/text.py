# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Captions as token ids, and a head start for the text encoder: a minute of naming what a caption describes."""

import random
from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F
from tqdm import tqdm
from transformers import PreTrainedTokenizer

from darkroom_training.world import Scene, caption, held_out, sample
from darkroom_training.world.scene import COLOURS, NAMES, PLAIN, RELATIONS, SETTINGS, SIZES, TIMES

ATTRIBUTES = {
    "subject": NAMES, "other": [None, *NAMES], "colour": [None, *COLOURS], "other_colour": [None, *COLOURS],
    "setting": [*SETTINGS, *(f"plain {colour}" for colour in PLAIN)], "time": TIMES, "size": [None, *SIZES], "count": [1, 2, 3],
    "relation": [None, *RELATIONS],
}  # fmt: skip
UNCONDITIONAL, PARAPHRASED, STRANGE = 0.1, 0.7, 0.5
STRANGE_WORDS = 4  # at most, in one caption
ONSETS, NUCLEI, CODAS = ("b bl br c ch cl d dr f fl g gr h j k kn l m n p pl qu r s sh sl st str t th tr v w z".split(), "a ai e ea ee i o oo ou u y".split(),
    " ck d ff g l ll m n nd ng nt p r rd rk s ss st t th x".split(" "))  # fmt: skip
SMALL_WORDS = {"a", "an", "the", "in", "on", "at", "of"}
SMALL_WORDS_LOST = 0.15


def training_caption(scene: Scene, rng: random.Random) -> str:
    """Words a scene for training; one in ten captions is empty, for classifier-free guidance."""
    return "" if rng.random() < UNCONDITIONAL else worded(scene, rng)


def worded(scene: Scene, rng: random.Random) -> str:
    """Words a scene: 70 % paraphrases, half of all with invented words."""
    words = caption(scene, rng if rng.random() < PARAPHRASED else None)
    return with_strange_words(words, rng) if rng.random() < STRANGE else words


def with_strange_words(words: str, rng: random.Random) -> str:
    """Puts invented words between those of a caption and loses some of its small ones: people write what no caption has.

    What was invented means nothing, so the model learns to read around words that it does not know.
    """
    kept = [word for word in words.split() if word not in SMALL_WORDS or rng.random() >= SMALL_WORDS_LOST]
    for _ in range(rng.randint(1, STRANGE_WORDS)):
        kept.insert(rng.randint(0, len(kept)), strange_word(rng))
    return " ".join(kept)


def strange_word(rng: random.Random) -> str:
    """Invents a pronounceable word of one or two syllables, now and then with a comma."""
    syllables = "".join(rng.choice(ONSETS) + rng.choice(NUCLEI) + rng.choice(CODAS) for _ in range(rng.choice((1, 1, 1, 2, 2))))
    return syllables + rng.choice(("", "", "", "", "ing", "y", "ed", ","))


def input_ids(tokenizer: PreTrainedTokenizer, captions: list[str]) -> torch.Tensor:
    """Tokenizes captions, padded and cut to the window: (N, S) int64."""
    return tokenizer(captions, padding="max_length", truncation=True, return_tensors="pt").input_ids


def batch_of(tokenizer: PreTrainedTokenizer, size: int, rng: random.Random) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    scenes = []
    while len(scenes) < size:
        scene = sample(rng)
        if not held_out(scene):
            scenes.append(scene)
    truth = {name: torch.tensor([values.index(getattr(scene, name)) for scene in scenes]) for name, values in ATTRIBUTES.items()}
    return input_ids(tokenizer, [worded(scene, rng) for scene in scenes]), truth


def pretrain(text_encoder: nn.Module, tokenizer: PreTrainedTokenizer, steps: int, read: Callable, size=128, peak_rate=1e-3):
    """Teaches the encoder to name every attribute from what ``read(text_encoder, ids)`` makes of a caption, (N, D).

    Trained with the U-Net alone, the encoder learns to pass colours and settings on long before subjects.
    """
    heads = nn.ModuleDict({name: nn.Linear(text_encoder.config.hidden_size, len(values)) for name, values in ATTRIBUTES.items()})
    optimizer = torch.optim.AdamW([*text_encoder.parameters(), *heads.parameters()], peak_rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, peak_rate, total_steps=steps, pct_start=0.1)
    rng = random.Random(7)
    for _ in (bar := tqdm(range(steps), desc="text encoder", unit="batch")):
        ids, truth = batch_of(tokenizer, size, rng)
        vector = read(text_encoder, ids)
        losses = {name: F.cross_entropy(head(vector), truth[name]) for name, head in heads.items()}
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()
        schedule.step()
        bar.set_postfix(subject=f"{losses['subject'].item():.3f}")
