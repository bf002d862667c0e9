# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Tells what drawing several pictures and keeping the one that CLIP finds nearest to the prompt does for a text-to-image folder.

    python -m darkroom_training.best_of models/pocket-unet --judge FILE --clip models/pocket-clip
"""

import argparse
import os
from pathlib import Path

import numpy as np
from transformers import CLIPModel, CLIPTokenizer

from darkroom_training.clip import embed_images, embed_texts
from darkroom_training.generated import Generator, Sampling
from darkroom_training.judge import load_judge, validation_scenes
from darkroom_training.picture_cache import PictureCache
from darkroom_training.prompt_following import shares_of, verdicts_of
from darkroom_training.shares import worded
from darkroom_training.validation import FIRST_SEED
from darkroom_training.world import numbered_scene
from darkroom_training.world.caption import caption

SEEDS_APART = 1_000_000  # from one candidate to the next


def nearest(images: np.ndarray, texts: np.ndarray) -> np.ndarray:
    """Returns which of the candidates (candidates, N, D) is nearest to each text (N, D), all of them unit vectors."""
    return np.einsum("cnd,nd->cn", images, texts).argmax(0)


def main():
    parser = argparse.ArgumentParser(description="Measures what keeping the best of several pictures brings.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--judge", type=Path, required=True, help="weights from darkroom-train-judge")
    parser.add_argument("--clip", type=Path, required=True, help="CLIP folder that chooses")
    parser.add_argument("--cache", type=Path, default=Path("build/generated"), help="where pictures are kept")
    parser.add_argument("--prompts", type=int, default=256, help="held-out prompts")
    parser.add_argument("--best-of", type=int, default=4)
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32", help="of the networks but the VAE")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    a = parser.parse_args()
    scenes = [numbered_scene(seed) for seed in validation_scenes(a.prompts, True)]
    captions, sampling = [caption(scene) for scene in scenes], Sampling.of(a.folder, a.dtype)
    with Generator(a.folder, PictureCache(a.cache), a.processes) as generate:
        starts = [FIRST_SEED + SEEDS_APART * i for i in range(a.best_of)]
        drawn = np.stack([generate(captions, range(start, start + a.prompts), sampling, "candidates") for start in starts])
    clip, judge = CLIPModel.from_pretrained(a.clip).float().eval(), load_judge(a.judge)
    texts = embed_texts(clip, CLIPTokenizer.from_pretrained(a.clip), captions)
    chosen = nearest(np.stack([embed_images(clip, pixels) for pixels in drawn]), texts)
    for name, pixels in {"the first": drawn[0], f"the best of {a.best_of}": drawn[chosen, np.arange(a.prompts)]}.items():
        shares = shares_of(verdicts_of(judge, scenes, pixels))
        print(f"{name}: " + ", ".join(f"{asked} {worded(share)}" for asked, share in shares.items()))


if __name__ == "__main__":
    main()
