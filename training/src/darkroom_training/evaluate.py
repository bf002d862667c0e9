# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Measures a text-to-image folder: prompt following, sharpness, the benchmark, guidance against steps; and shows it at its worst.

Writes ``figures.json``, part by part, and ``sheet.png``, ``grid.png`` and ``failures.png``. Pictures are made once and kept: figures are counted
anew in a minute.
"""

import argparse
import json
import os
from dataclasses import asdict
from pathlib import Path

import numpy as np
from diffusers import AutoencoderKL
from transformers import CLIPModel

from darkroom_training import grids
from darkroom_training.clip import embed_images
from darkroom_training.figures import Figures, file_digest
from darkroom_training.generated import Generator, Sampling
from darkroom_training.judge import load_judge
from darkroom_training.kid import kid, scaled
from darkroom_training.picture_cache import PictureCache, model_digest
from darkroom_training.prompt_following import benchmark, failures, shares_of, verdicts_of, written_verdicts
from darkroom_training.sheets import save_png, sheet
from darkroom_training.validation import captioned, reconstructions, renders

SHEET_PROMPTS = [
    "a fox in the snow", "a red car in a city at night", "a big blue cat on a beach at sunset", "a rocket in space", "two pandas in a forest",
    "a green apple to the left of a pizza on a plain white background", "a robot above a cake in a meadow", "a purple dragon in the mountains",
    "three balloons in the sky", "a small sailboat in the ocean at night", "a lion on a plain black background",
    "a photo of a cute penguin, in the snow, 4k", "a guitar in a meadow", "an owl next to a mushroom at night in a forest", "a horse on a beach",
    "a castle in the mountains at sunset", "a bicycle in a city", "a butterfly above a rose in a meadow", "a clock on a plain yellow background",
    "a helicopter in the sky at sunset",
]  # fmt: skip
SHEET_SEED = 5
SHEET_BYTES, FAILURES_BYTES, GRID_BYTES = 300_000, 300_000, 200_000


class Evaluation:
    """The parts of an evaluation; each can be made alone."""

    PARTS = ("prompts", "sharpness", "benchmark", "grid")

    def __init__(self, a: argparse.Namespace, generate: Generator):
        self.a, self.generate = a, generate
        self.judge, self.sampling = load_judge(a.judge), Sampling.of(a.folder, a.dtype)
        self.figures = Figures(a.output, generate.digest, **asdict(self.sampling), prompts=a.prompts, judge_digest=file_digest(a.judge))
        self.held_out = captioned(a.prompts, True, generate, self.sampling)
        self.rendered = renders(0, a.prompts)
        self.reconstructed = reconstructions(AutoencoderKL.from_pretrained(a.folder / "vae").float().eval(), self.rendered)

    def prompts(self):
        """Shares per set of prompts, beside what the judge scores where there is nothing to draw; the sheets of the first and the worst."""
        seen = captioned(self.a.seen_prompts, False, self.generate, self.sampling)
        verdicts = self._verdicts(self.held_out.generated)
        written = written_verdicts("paraphrases", self.judge, self.generate, self.sampling)
        self.figures.put("prompt_following", {
            "held out": shares_of(verdicts),
            "seen pairs": shares_of(verdicts_of(self.judge, seen.scenes, seen.generated)),
            "free wordings": shares_of([answer for _, answer in written]),
            "judge on renders": shares_of(self._verdicts(self.rendered)),
            "judge on reconstructions": shares_of(self._verdicts(self.reconstructed)),
        })  # fmt: skip
        page, listed = failures(self.held_out, verdicts)
        save_png(page, self.a.output / "failures.png", FAILURES_BYTES)
        self.figures.put("failures", listed)
        self._sheet()

    def _verdicts(self, pixels):
        return verdicts_of(self.judge, self.held_out.scenes, pixels)

    def _sheet(self):
        pixels = self.generate(SHEET_PROMPTS, range(SHEET_SEED, SHEET_SEED + len(SHEET_PROMPTS)), self.sampling, "sheet")
        save_png(sheet(pixels, SHEET_PROMPTS), self.a.output / "sheet.png", SHEET_BYTES)
        self.figures.put("sheet", {"first_seed": SHEET_SEED, "prompts": SHEET_PROMPTS})

    def sharpness(self):
        """KID to fresh renders, and gradients."""
        if self.a.clip:
            clip = CLIPModel.from_pretrained(self.a.clip).float().eval()
            sets = {"generated": self.held_out.generated, "reconstructed": self.reconstructed, "rendered": self.rendered}
            found = sharpness(clip, renders(self.a.prompts, self.a.fresh), sets)
            self.figures.put("sharpness", found | {"pictures": self.a.prompts, "fresh": self.a.fresh, "clip_digest": model_digest(self.a.clip)})

    def benchmark(self):
        self.figures.put("benchmark", benchmark(self.judge, self.generate, self.sampling))

    def grid(self):
        save_png(grids.picture(self.generate, self.sampling), self.a.output / "grid.png", GRID_BYTES)
        cells = grids.accuracies(self.judge, self.generate, self.sampling, self.a.grid_prompts)
        self.figures.put("grid", {"prompt": grids.PROMPT, "seed": grids.SEED, "prompts": self.a.grid_prompts, "cells": cells})


def sharpness(clip: CLIPModel, fresh: np.ndarray, sets: dict[str, np.ndarray]) -> dict[str, dict]:
    """KID of each set of pictures to fresh renders of other held-out scenes, and how steep the pictures are."""
    target = scaled(embed_images(clip, fresh))
    return {name: asdict(kid(scaled(embed_images(clip, pixels)), target)) | {"gradient": gradient(pixels)} for name, pixels in sets.items()}


def gradient(pixels: np.ndarray) -> float:
    """Mean absolute difference of neighbouring pixels (N, H, W, 3) along both axes, in levels of 0 to 255."""
    image = pixels.astype(np.int16)
    return float((np.abs(np.diff(image, axis=1)).mean() + np.abs(np.diff(image, axis=2)).mean()) / 2)


def main():
    parser = argparse.ArgumentParser(prog="darkroom-evaluate", description="Measures a text-to-image folder with the judge and pocket-clip.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--judge", type=Path, required=True, help="weights from darkroom-train-judge")
    parser.add_argument("--clip", type=Path, help="CLIP folder for the sharpness figures; without it they are left out")
    parser.add_argument("--output", type=Path, default=Path("build/evaluated/pocket-unet"))
    parser.add_argument("--cache", type=Path, default=Path("build/generated"), help="where pictures are kept")
    parser.add_argument("--parts", nargs="+", choices=Evaluation.PARTS, default=Evaluation.PARTS)
    parser.add_argument("--prompts", type=int, default=1000, help="held-out prompts")
    parser.add_argument("--seen-prompts", type=int, default=320, help="prompts of pairs that training drew")
    parser.add_argument("--fresh", type=int, default=4000, help="renders of other held-out scenes that KID compares with")
    parser.add_argument("--grid-prompts", type=int, default=64, help="prompts per cell of guidance and steps")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32", help="of the networks but the VAE")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    a = parser.parse_args()
    with Generator(a.folder, PictureCache(a.cache), a.processes) as generate:
        evaluation = Evaluation(a, generate)
        for part in a.parts:
            getattr(evaluation, part)()
    print(json.dumps(evaluation.figures.values, indent=1))


if __name__ == "__main__":
    main()
