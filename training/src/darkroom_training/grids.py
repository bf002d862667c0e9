# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Guidance against steps: what the judge finds right for each pair of them, and one prompt drawn with each."""

import itertools
from dataclasses import replace

import numpy as np
from PIL import Image

from darkroom_training.generated import Generator, Sampling
from darkroom_training.judge import Judge
from darkroom_training.prompt_following import shares_of, verdicts_of
from darkroom_training.sheets import grid
from darkroom_training.validation import captioned

GUIDANCE = (1.0, 2.0, 4.0, 6.0, 8.0)
STEPS = (5, 10, 15, 25, 50)
PROMPT, SEED, SIDE = "a red car in a city at night", 5, 96


def cells(sampling: Sampling) -> list[Sampling]:
    return [replace(sampling, guidance_scale=scale, num_inference_steps=steps) for scale, steps in itertools.product(GUIDANCE, STEPS)]


def accuracies(judge: Judge, generate: Generator, sampling: Sampling, prompts: int) -> list[dict]:
    """Judges the first ``prompts`` held-out prompts, from the same noise in each cell."""
    rows = []
    for cell in cells(sampling):
        shown = captioned(prompts, True, generate, cell)
        shares = shares_of(verdicts_of(judge, shown.scenes, shown.generated))
        rows.append({
            "guidance_scale": cell.guidance_scale, "num_inference_steps": cell.num_inference_steps,
            "subject": shares["subject"], "everything": shares["everything"],
        })  # fmt: skip
    return rows


def picture(generate: Generator, sampling: Sampling) -> Image.Image:
    """Draws one prompt from the same noise in each cell."""
    pixels = np.stack([generate([PROMPT], [SEED], cell, f"guidance {cell.guidance_scale:g}")[0] for cell in cells(sampling)])
    pixels = pixels.reshape(len(GUIDANCE), len(STEPS), *pixels.shape[1:])
    return grid(pixels, [f"guidance {scale:g}" for scale in GUIDANCE], [f"{steps} steps" for steps in STEPS], SIDE)
