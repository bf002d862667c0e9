# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Measures a captioner's folder: what its captions get right of drawn, roughened and generated pictures, and how well it knows when they are wrong.

Writes ``figures.json`` and ``reliability.png``, and into the folder ``caption_calibration.json``: the temperature of the confidence and the threshold
below which a caption is not vouched for, found on other scenes than the figures.
"""

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from diffusers import AutoencoderKL
from PIL import Image
from tqdm import tqdm

from darkroom_training import calibration
from darkroom_training.calibration import Calibration
from darkroom_training.caption import Caption, Captioner
from darkroom_training.caption_scores import bleu, cider
from darkroom_training.figures import Figures
from darkroom_training.generated import Generator, Sampling
from darkroom_training.judge import validation_scenes
from darkroom_training.picture_cache import PictureCache, model_digest
from darkroom_training.pictures import pictures
from darkroom_training.shares import counted, worded
from darkroom_training.sheets import save_png, sheet
from darkroom_training.validation import captioned, reconstructions
from darkroom_training.views import FILTER, SIDE, view
from darkroom_training.world import Scene, numbered_scene
from darkroom_training.world.description import as_seen, described, described_shortly, read
from darkroom_training.world.scene import SETTINGS

QUESTIONS = (
    "subject", "second subject", "setting", "time", "colour", "no colour", "count", "two or three", "size", "relation", "whole caption",
)  # fmt: skip
CALIBRATION = "caption_calibration.json"
SHEET_BYTES = 300_000
LARGE = 256  # px


def verdict(scene: Scene, words: str) -> dict[str, bool]:
    """Compares a caption with a scene; questions that the scene does not ask are left out, and a caption that does not read back is wrong in all.

    "Beside" leaves the order open. A relation is right with both subjects in their places.
    """
    said = read(words)
    asked = _asked(scene, said or Scene("", ""))
    return {name: said is not None and right for name, right in asked.items()} | {"whole caption": words == described(scene)}


def _asked(scene, said):
    ordered = scene.relation != "beside"
    subject = said.subject == scene.subject if ordered else scene.subject in (said.subject, said.other)
    asked = {"subject": subject, "setting": said.setting == scene.setting, "count": said.count == scene.count}
    if scene.setting in SETTINGS and scene.setting != "space":
        asked["time"] = said.time == scene.time
    if ordered:
        asked["colour" if scene.colour else "no colour"] = said.colour == scene.colour
    if scene.count > 1:
        asked["two or three"] = said.count == scene.count
    if not scene.other and scene.count == 1:
        asked["size"] = said.size == scene.size
    if scene.other:
        asked["second subject"] = said.other == scene.other if ordered else scene.other in (said.subject, said.other)
        order = (said.subject, said.other) == (scene.subject, scene.other) if ordered else {said.subject, said.other} == {scene.subject, scene.other}
        asked["relation"] = order and said.relation == ("above" if scene.relation == "above" else "left")
    return asked


def shares_of(verdicts: Sequence[dict[str, bool]]) -> dict[str, dict[str, float]]:
    asked = {name: [answer[name] for answer in verdicts if name in answer] for name in QUESTIONS}
    return {name: counted(values).figures() for name, values in asked.items() if values}


def measured(scenes: Sequence[Scene], captions: Sequence[Caption]) -> dict:
    """Shares of right answers per question, and how near the words are to the descriptions of the scenes."""
    words, wanted = [one.words for one in captions], [described(scene) for scene in scenes]
    shares = shares_of([verdict(scene, said) for scene, said in zip(scenes, words, strict=True)])
    return {"pictures": len(scenes), "shares": shares, "bleu_4": bleu(words, wanted), "cider_d": cider(words, wanted)}


def right(scenes: Sequence[Scene], captions: Sequence[Caption], words=described) -> np.ndarray:
    return np.array([one.words == words(scene) for scene, one in zip(scenes, captions, strict=True)])


def log_probabilities(captions: Sequence[Caption]) -> np.ndarray:
    return np.array([one.log_probability for one in captions])


def resized(seeds: Sequence[int]) -> np.ndarray:
    """Draws scenes at LARGE px and brings them to the model's size by the image processor's filter, (N, 64, 64, 3) uint8."""
    drawn = (Image.fromarray(pictures([seed], LARGE)[0]) for seed in seeds)
    return np.stack([np.asarray(picture.resize((SIDE, SIDE), FILTER)) for picture in drawn])


def strangers(count: int) -> np.ndarray:
    """Makes pictures that show nothing: noise of several grain sizes, (N, 64, 64, 3) uint8."""
    rng = np.random.default_rng(0)
    grains = [Image.fromarray(rng.integers(0, 256, (side, side, 3), dtype=np.uint8)) for side in (2, 4, 8, 16, 64) for _ in range(count // 5)]
    return np.stack([np.asarray(grain.resize((SIDE, SIDE), Image.BICUBIC)) for grain in grains])


class Evaluation:
    """Captions of the sets of pictures, each found once."""

    def __init__(self, folder: Path, count: int, vae: AutoencoderKL, generate: Generator, sampling: Sampling, generated: int):
        self.captioner = Captioner(folder)
        held_out = validation_scenes(2 * count, True)
        self.seeds, self.others = held_out[:count], held_out[count:]
        self.scenes = [as_seen(numbered_scene(seed)) for seed in self.seeds]
        self.drawn = pictures(self.seeds)
        seen = validation_scenes(count // 2, False)
        shown = captioned(generated, True, generate, sampling)
        self.sets = {
            "held out": (self.scenes, self.drawn),
            "seen pairs": ([as_seen(numbered_scene(seed)) for seed in seen], pictures(seen)),
            "from 256 px": (self.scenes, resized(self.seeds)),
            "cropped and compressed": (self.scenes, np.stack([view(seed) for seed in self.seeds])),
            "through the VAE": (self.scenes, reconstructions(vae, self.drawn)),
            "generated": (shown.scenes, shown.generated),
        }
        self.captions = {name: self.captioner(pixels) for name, (_, pixels) in tqdm(self.sets.items(), desc="captioning", unit="set")}

    def figures(self) -> dict[str, dict]:
        return {name: measured(scenes, self.captions[name]) for name, (scenes, _) in self.sets.items()}

    def short(self) -> dict[str, float]:
        """How often the short description is right of the held-out scenes."""
        return counted(list(right(self.scenes, self.captioner(self.drawn, short=True), described_shortly))).figures()

    def calibration(self, target: float) -> Calibration:
        """Finds temperature and threshold on held-out scenes that no figure is about: half as drawn, half cropped and compressed."""
        half = len(self.others) // 2
        pixels = np.concatenate([pictures(self.others[:half]), np.stack([view(seed) for seed in self.others[half:]])])
        found = self.captioner(pixels)
        return calibration.calibrated(log_probabilities(found), right([numbered_scene(seed) for seed in self.others], found), target)

    def reliability(self, found: Calibration) -> dict[str, dict]:
        names = ("held out", "cropped and compressed")
        return {
            name: calibration.figures(found, log_probabilities(self.captions[name]), right(self.sets[name][0], self.captions[name])) for name in names
        }

    def strangers(self, found: Calibration, count: int) -> dict[str, float]:
        """How many pictures of nothing are captioned with a confidence below the threshold."""
        confidence = found.confidences(log_probabilities(self.captioner(strangers(count))))
        return counted(list(confidence < found.threshold)).figures()

    def failures(self, count: int = 20) -> tuple[Image.Image, list[dict[str, str]]]:
        """The first held-out pictures whose caption is wrong, with what it should be."""
        wrong = np.flatnonzero(~right(self.scenes, self.captions["held out"]))[:count]
        listed = [{"caption": self.captions["held out"][i].words, "should be": described(self.scenes[i])} for i in wrong]
        words = [f"{one['caption']}\nnot: {one['should be']}" for one in listed]
        return sheet(self.drawn[wrong], words, lines=6), listed


def table(values: dict[str, dict]) -> str:
    names = [name for name in QUESTIONS if any(name in found["shares"] for found in values.values())]
    rows = [[name, *(worded(found["shares"][name]) if name in found["shares"] else "-" for found in values.values())] for name in names]
    rows += [[name, *(f"{found[key]:.3f}" for found in values.values())] for name, key in (("BLEU-4", "bleu_4"), ("CIDEr-D", "cider_d"))]
    return "\n".join("| " + " | ".join(row) + " |" for row in (["", *values], ["---"] * (len(values) + 1), *rows))


def main():
    parser = argparse.ArgumentParser(prog="darkroom-evaluate-caption", description="Measures and calibrates a captioner's folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--base", type=Path, default=Path("models/pocket-unet"), help="text-to-image folder whose pictures are captioned, too")
    parser.add_argument("--output", type=Path, default=Path("build/evaluated/pocket-caption"))
    parser.add_argument("--cache", type=Path, default=Path("build/generated"), help="where generated pictures are kept")
    parser.add_argument("--pictures", type=int, default=1000, help="held-out scenes")
    parser.add_argument("--generated", type=int, default=1000, help="generated pictures, of as many held-out prompts")
    parser.add_argument("--target", type=float, default=0.9, help="share of right captions above the threshold")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32", help="of the base's networks but the VAE")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    a = parser.parse_args()
    vae, sampling = AutoencoderKL.from_pretrained(a.base / "vae").float().eval(), Sampling.of(a.base, a.dtype)
    with Generator(a.base, PictureCache(a.cache), a.processes) as generate:
        evaluation = Evaluation(a.folder, a.pictures, vae, generate, sampling, a.generated)
    figures = Figures(a.output, model_digest(a.folder), pictures=a.pictures, base_digest=generate.digest, **asdict(sampling))
    figures.put("captions", evaluation.figures())
    figures.put("short", evaluation.short())
    found = evaluation.calibration(a.target)
    (a.folder / CALIBRATION).write_text(json.dumps(asdict(found), indent=1) + "\n", encoding="utf-8")
    reliability = evaluation.reliability(found)
    figures.put("calibration", asdict(found) | {"target": a.target, "reliability": reliability, "strangers": evaluation.strangers(found, 500)})
    calibration.picture(reliability).save(a.output / "reliability.png")
    page, listed = evaluation.failures()
    save_png(page, a.output / "failures.png", SHEET_BYTES)
    figures.put("failures", listed)
    print(table(figures.values["captions"]))
    print(f"short: {worded(figures.values['short'])}")
    for name, one in reliability.items():
        print(f"{name}: ECE {one['expected_calibration_error']:.3f}, above the threshold {one['share_above']:.1%}")
    print(f"temperature {found.temperature}, threshold {found.threshold}")


if __name__ == "__main__":
    main()
