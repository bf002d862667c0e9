# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Trains the captioner's tokenizer: GPT-2's byte-level BPE (Radford et al. 2019) on captions of the pocket world, in full, short and paraphrased.

Any text tokenizes, so that a caller may choose any words for a caption to begin with.
"""

import random
import tempfile
from collections.abc import Iterator

from tokenizers import ByteLevelBPETokenizer
from transformers import GPT2TokenizerFast

from darkroom_training.world import caption, sample
from darkroom_training.world.caption import NUMBERS, PREFIXES, plural, spelled
from darkroom_training.world.description import described, described_shortly
from darkroom_training.world.scene import COLOURS, NAMES

END, SHORT = "<|endoftext|>", "<|short|>"
SIZE, CAPTIONS, CAPTION_SEED = 1024, 20_000, 1
PARAPHRASED = 0.15  # they hold words that no description has; those of descriptions come first


def captions(count: int) -> Iterator[str]:
    """Words many scenes; every subject is there alone, in every colour, and as several."""
    rng = random.Random(CAPTION_SEED)
    for _ in range(count):
        scene = sample(rng)
        yield described(scene)
        yield described_shortly(scene)
        if rng.random() < PARAPHRASED:
            yield caption(scene, rng)
    for name in NAMES:
        yield from (f"a {colour} {spelled(name)}" for colour in COLOURS)
        yield from (f"{number} {plural(spelled(name))}" for number in NUMBERS.values())
        yield f"{spelled(name)} and {spelled(name)}"
    yield from PREFIXES * 20


def new_tokenizer(size: int = SIZE, count: int = CAPTIONS) -> GPT2TokenizerFast:
    """Trains a tokenizer of at most ``size`` entries: END begins, ends and pads, SHORT begins a short description."""
    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(captions(count), size, special_tokens=[END, SHORT], show_progress=False)
    with tempfile.TemporaryDirectory() as folder:
        vocabulary, merges = trained.save_model(folder)
        return GPT2TokenizerFast(vocabulary, merges, pad_token=END, additional_special_tokens=[SHORT])
