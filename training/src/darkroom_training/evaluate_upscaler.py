# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Measures an upscaler folder on held-out scenes, drawn at both sizes, and on pictures that a text-to-image folder generated.

PSNR and KID compare with renders of 256 px. KID's figure is that of 64-px windows at full size, for that is where an enlargement differs: reduced
to 64 px all of them, bicubic's too, are nearly the picture that they were made from. The latter is given beside it, because pocket-clip was
trained on whole pictures and knows windows only from afar.
"""

import argparse
import json
import os
from dataclasses import asdict
from pathlib import Path

import numpy as np
from transformers import CLIPModel

from darkroom_training.clip import embed_images
from darkroom_training.figures import Figures, file_digest
from darkroom_training.generated import Generator, Sampling
from darkroom_training.judge import load_judge
from darkroom_training.kid import kid, scaled
from darkroom_training.picture_cache import PictureCache, model_digest
from darkroom_training.prompt_following import shares_of, verdicts_of
from darkroom_training.shares import counted
from darkroom_training.sheets import grid, save_png, wrapped
from darkroom_training.upscaling import OVERLAP, SCALE, TILE, Upscaler, UpscaleSampling, bicubic, borders, reduced, seams
from darkroom_training.validation import FIRST_SEED, captioned, renders

SIDE = 256
WINDOWS, WINDOW_SEED = 4, 7
SHEET_ROWS, SHEET_WINDOW, SHEET_BYTES = 6, 128, 400_000


def psnr(pixels: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Peak signal-to-noise ratio of each picture in dB, (N) float64."""
    return np.array([10 * np.log10(255**2 / np.square(a.astype(np.float64) - b).mean()) for a, b in zip(pixels, true, strict=True)])


def windows(pixels: np.ndarray, side: int = 64) -> np.ndarray:
    """Cuts WINDOWS windows out of each picture, (WINDOWS N, side, side, 3): the same places of the same row in every call."""
    places = np.random.default_rng(WINDOW_SEED).integers(0, pixels.shape[1] - side + 1, (len(pixels), WINDOWS, 2))
    return np.stack([picture[y : y + side, x : x + side] for picture, at in zip(pixels, places, strict=True) for y, x in at])


def distances(clip: CLIPModel, view, fresh: np.ndarray, sets: dict[str, np.ndarray]) -> dict[str, dict]:
    """KID of each set to renders of other scenes, all seen through ``view``."""
    target = scaled(embed_images(clip, view(fresh)))
    return {name: asdict(kid(scaled(embed_images(clip, view(pixels))), target)) for name, pixels in sets.items()}


class Evaluation:
    """The parts of an evaluation; each can be made alone."""

    PARTS = ("renders", "generated", "seams")

    def __init__(self, a: argparse.Namespace, generate: Generator):
        cache = PictureCache(a.cache)
        self.a, self.judge, sampling = a, load_judge(a.judge), UpscaleSampling.of(a.folder, a.dtype)
        self.upscaler = Upscaler(a.folder, cache, sampling)
        inputs = {"base_digest": generate.digest, "clip_digest": model_digest(a.clip), "judge_digest": file_digest(a.judge)}
        self.figures = Figures(a.output, self.upscaler.digest, **asdict(sampling), pictures=a.pictures, **inputs)
        self.base = captioned(a.pictures, True, generate, Sampling.of(a.base, a.dtype))
        self.seeds = range(FIRST_SEED, FIRST_SEED + a.pictures)
        self.small, self.true = (renders(0, a.pictures, size) for size in (SIDE // SCALE, SIDE))
        self.large = self.upscaler(self.small, self.base.captions, self.seeds, "renders")

    def renders(self):
        """PSNR and KID beside bicubic's, and the sheet."""
        clip = CLIPModel.from_pretrained(self.a.clip).float().eval()
        sets = {"bicubic": bicubic(self.small), "model": self.large, "true": self.true}
        fresh = renders(self.a.pictures, self.a.fresh, SIDE)
        ratios = {name: psnr(sets[name], self.true) for name in ("bicubic", "model")}
        self.figures.put("renders", {
            "psnr": {name: float(values.mean()) for name, values in ratios.items()},
            "model_not_below_bicubic": counted(list(ratios["model"] >= ratios["bicubic"])).figures(),
            "fresh": self.a.fresh, "kid_windows": distances(clip, windows, fresh, sets), "windows": WINDOWS,
            "kid_reduced": distances(clip, reduced, fresh, sets),
        })  # fmt: skip
        self._sheet(sets)

    def _sheet(self, sets):
        """Middles of the first scenes at full size: as they were, bicubic, enlarged by the model, as drawn at 256 px."""
        middle = slice((SIDE - SHEET_WINDOW) // 2, (SIDE + SHEET_WINDOW) // 2)
        nearest = self.small[:SHEET_ROWS].repeat(SCALE, 1).repeat(SCALE, 2)
        columns = [nearest, *(pixels[:SHEET_ROWS] for pixels in sets.values())]
        rows = ["\n".join(wrapped(text, 20)) for text in self.base.captions[:SHEET_ROWS]]
        page = grid(np.stack(columns, 1)[:, :, middle, middle], rows, ["64 px", "bicubic", "upscaler", "drawn at 256 px"], SHEET_WINDOW)
        save_png(page, self.a.output / "sheet.png", SHEET_BYTES)
        self.figures.put("sheet", {"captions": self.base.captions[:SHEET_ROWS], "first_seed": FIRST_SEED})

    def generated(self):
        """What the judge sees in generated pictures before, and in what the model made of them after, reduced to the size that it knows."""
        before, scenes = self.base.generated, self.base.scenes
        large = self.upscaler(before, self.base.captions, self.seeds, "generated")
        verdicts = {"before": verdicts_of(self.judge, scenes, before), "after": verdicts_of(self.judge, scenes, reduced(large))}
        right = {name: [all(answer.values()) for answer in answers] for name, answers in verdicts.items()}
        pairs = list(zip(right["before"], right["after"], strict=True))
        self.figures.put("generated", {name: shares_of(answers) for name, answers in verdicts.items()} | {
            "lost": pairs.count((True, False)), "gained": pairs.count((False, True)),
        })  # fmt: skip

    def seams(self):
        """Gradient across tile borders over the gradient inside, of the first pictures enlarged again, 256 to 1024 px in tiles."""
        count, at = self.a.tiled, [SCALE * edge for edge in borders(SIDE)]
        huge = self.upscaler.tiled(self.large[:count], self.base.captions[:count], self.seeds[:count])
        self.figures.put("seams", {
            "pictures": count, "tile": TILE, "overlap": OVERLAP, "ratio": seams(huge, at), "worst": max(seams(huge[i : i + 1], at) for i in range(count)),
            "ratio_on_grid": seams(huge, at, SCALE), "bicubic_on_grid": seams(bicubic(self.large[:count]), at, SCALE),
        })  # fmt: skip


def main():
    parser = argparse.ArgumentParser(prog="darkroom-evaluate-upscaler", description="Measures an upscaler folder on held-out scenes.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--judge", type=Path, required=True, help="weights from darkroom-train-judge")
    parser.add_argument("--clip", type=Path, default=Path("models/pocket-clip"))
    parser.add_argument("--base", type=Path, default=Path("models/pocket-unet"), help="text-to-image folder whose pictures are enlarged")
    parser.add_argument("--output", type=Path, default=Path("build/evaluated/pocket-upscaler"))
    parser.add_argument("--cache", type=Path, default=Path("build/generated"), help="where pictures are kept")
    parser.add_argument("--parts", nargs="+", choices=Evaluation.PARTS, default=Evaluation.PARTS)
    parser.add_argument("--pictures", type=int, default=500)
    parser.add_argument("--fresh", type=int, default=1000, help="renders of other held-out scenes that KID compares with")
    parser.add_argument("--tiled", type=int, default=8, help="pictures to enlarge to 1024 px")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32", help="of the networks but the VAE, here and for the base")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    a = parser.parse_args()
    with Generator(a.base, PictureCache(a.cache), a.processes) as generate:
        evaluation = Evaluation(a, generate)
    for part in a.parts:
        getattr(evaluation, part)()
    print(json.dumps(evaluation.figures.values, indent=1))


if __name__ == "__main__":
    main()
