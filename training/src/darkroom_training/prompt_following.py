# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""How often pictures show what their prompts say, by the judge: on held-out and seen pairs, free wordings and the benchmark's categories."""

from collections.abc import Sequence

import numpy as np

from darkroom_training import prompts
from darkroom_training.generated import Generator, Sampling
from darkroom_training.judge import Judge, answers, verdict
from darkroom_training.prompts import Prompt
from darkroom_training.shares import counted
from darkroom_training.sheets import sheet
from darkroom_training.validation import Captioned
from darkroom_training.world import Scene

QUESTIONS = ("subject", "second subject", "setting", "time", "colour", "count", "relation")
WRITTEN_SEED = 20_000  # of the noise for written prompts
Verdict = dict[str, bool]


def verdicts_of(judge: Judge, scenes: Sequence[Scene], pixels: np.ndarray) -> list[Verdict]:
    return [verdict(scene, seen) for scene, seen in zip(scenes, answers(judge, pixels), strict=True)]


def shares_of(verdicts: list[Verdict]) -> dict[str, dict[str, float]]:
    """Figures per question over the pictures that it was asked of; ``everything`` counts pictures without a fault."""
    asked = {name: [answer[name] for answer in verdicts if name in answer] for name in QUESTIONS}
    asked["everything"] = [all(answer.values()) for answer in verdicts]
    return {name: counted(values).figures() for name, values in asked.items() if values}


def written_verdicts(name: str, judge: Judge, generate: Generator, sampling: Sampling, pictures_each: int = 1) -> list[tuple[Prompt, Verdict]]:
    """Judges pictures of a written list, so many of each prompt."""
    written = [prompt for prompt in prompts.read(name) for _ in range(pictures_each)]
    pixels = generate([prompt.text for prompt in written], range(WRITTEN_SEED, WRITTEN_SEED + len(written)), sampling, name)
    return [(prompt, prompt.verdict(seen)) for prompt, seen in zip(written, answers(judge, pixels), strict=True)]


def benchmark(judge: Judge, generate: Generator, sampling: Sampling, pictures_each: int = 2) -> dict[str, dict[str, dict[str, float]]]:
    """Per category: how often the subject is right, and how often everything is that a prompt demands."""
    categories = {}
    for prompt, answer in written_verdicts("benchmark", judge, generate, sampling, pictures_each):
        categories.setdefault(prompt.category, []).append(answer)
    return {category: {name: shares_of(found)[name] for name in ("subject", "everything")} for category, found in categories.items()}


def worst(verdicts: list[Verdict], count: int) -> list[int]:
    """Finds the pictures with most wrong answers, the first ones among equals."""
    wrong = [sum(not right for right in answer.values()) for answer in verdicts]
    return sorted(range(len(verdicts)), key=lambda i: -wrong[i])[:count]


def failures(shown: Captioned, verdicts: list[Verdict], count: int = 20):
    """The sheet of the worst pictures, and what was wrong with each."""
    chosen = worst(verdicts, count)
    wrong = [", ".join(name for name, right in verdicts[i].items() if not right) for i in chosen]
    words = [f"{shown.captions[i]}\nwrong: {faults or 'nothing'}" for i, faults in zip(chosen, wrong, strict=True)]
    listed = [{"prompt": shown.captions[i], "wrong": faults} for i, faults in zip(chosen, wrong, strict=True)]
    return sheet(shown.generated[chosen], words, lines=5), listed
