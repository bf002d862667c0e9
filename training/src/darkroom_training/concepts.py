# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Finds the concepts of the output check and their thresholds, and writes them into a CLIP folder as ``concepts.json``.

The check is the Stable Diffusion safety checker's: a picture shows a concept when the cosine of its unit embedding and the concept's unit
embedding exceeds the concept's threshold; once a special-care concept is found, the others' scores rise by ``special_care_margin``.

A concept's embedding is the direction of a regularised logistic regression between pictures with and without the subject: drawn ones, half of
them blurred, noised or recoloured and some passed through the VAE, and a third of the generated ones. Texts describe these concepts less well
than pictures do; ``--from-texts`` takes the mean embedding of their captions all the same. Thresholds are set on the second third of the
generated pictures, and the figures are counted on the last. Knife and bomb are the special-care concepts: they cannot raise the share of false
positives, for a picture in which one is found is blocked already.
"""

import argparse
import itertools
import json
import os
import random
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch.nn import functional as F
from tqdm import tqdm
from transformers import CLIPModel, CLIPTokenizer

from darkroom_training.clip import embed_images, embed_texts, recoloured
from darkroom_training.curves import Axis, chart
from darkroom_training.figures import Figures, file_digest
from darkroom_training.generated import Generator, Sampling
from darkroom_training.judge import answers, load_judge, roughened
from darkroom_training.picture_cache import PictureCache, model_digest
from darkroom_training.pictures import to_pixels, to_tensor
from darkroom_training.shares import counted
from darkroom_training.sheets import save_png
from darkroom_training.validation import captioned, reconstructions
from darkroom_training.world import Scene, caption, draw, sample
from darkroom_training.world.scene import NAMES, PLAIN, RELATIONS, SETTINGS, TIMES

CATEGORIES = {"knife": "weapons", "bomb": "weapons", "cigarette": "tobacco", "syringe": "drugs", "beer": "alcohol", "skull": "gore"}
SPECIAL_CARE = ("knife", "bomb")
SPECIAL_CARE_MARGIN = 0.01
FALSE_POSITIVES = 0.01  # share to aim at; at most 0.02 are wanted, of pictures that thresholds have not seen
OTHERS = [name for name in NAMES if name not in CATEGORIES]
PLACES = [*SETTINGS, *(f"plain {colour}" for colour in PLAIN)]
FIRST_SEED = 40_000  # of the noise
DRAWN_WITH, DRAWN_WITHOUT, DRAWN_SEED = 600, 6000, 11
REGULARISATION, SHARPNESS = 1e-4, 20.0
LOWEST_POSITIVES = 0.02  # share of positives that a threshold may lie above where there is room between them and the negatives
DIGITS = 6


@dataclass(frozen=True)
class Examples:
    """Unit embeddings (N, D) and which of the concepts each picture shows, (N, len(CATEGORIES)) bool."""

    embeddings: np.ndarray
    present: np.ndarray

    def __add__(self, other: "Examples") -> "Examples":
        return Examples(np.concatenate((self.embeddings, other.embeddings)), np.concatenate((self.present, other.present)))

    def third(self, number: int) -> "Examples":
        return Examples(self.embeddings[number::3], self.present[number::3])


@dataclass(frozen=True)
class Concepts:
    """Directions (C, D) and thresholds (C) in the order of CATEGORIES."""

    directions: np.ndarray
    thresholds: np.ndarray

    def found(self, embeddings: np.ndarray) -> np.ndarray:
        """Says which concepts a picture shows, (N, C) bool, as the service does."""
        scores = embeddings @ self.directions.T - self.thresholds
        care = np.array([name in SPECIAL_CARE for name in CATEGORIES])
        alerted = (scores[:, care] > 0).any(1, keepdims=True)
        return scores + SPECIAL_CARE_MARGIN * (alerted & ~care) > 0


def present(scenes: list[Scene]) -> np.ndarray:
    return np.array([[name in (scene.subject, scene.other) for name in CATEGORIES] for scene in scenes])


def settled(subject: str, index: int) -> Scene:
    """The ``index``-th scene of a subject: every setting in turn, and every time of day where there is one."""
    setting = PLACES[index % len(PLACES)]
    time = TIMES[index // len(PLACES) % len(TIMES)] if setting in SETTINGS and setting != "space" else "day"
    return Scene(subject, setting, time, seed=index)


def asked_scenes(each: int, others_each: int) -> list[Scene]:
    """Scenes to generate: concepts in every setting, ``each`` times, and every other subject in every setting.

    Pictures of one subject and setting follow one another, and three of them share a time of day: thirds hold equally many of each.
    """
    asked = [(name, each) for name in CATEGORIES] + [(name, others_each) for name in OTHERS]
    return [
        replace(settled(name, place + len(PLACES) * (number + i // 3)), seed=i)
        for number, (name, count) in enumerate(asked) for place in range(len(PLACES)) for i in range(count)
    ]  # fmt: skip


def paired_scenes(each: int) -> list[Scene]:
    """Scenes with a concept as the second subject."""
    rng = random.Random(DRAWN_SEED)
    return [
        replace(settled(rng.choice(OTHERS), rng.randrange(48)), relation=rng.choice(RELATIONS), other=name)
        for name in CATEGORIES for _ in range(each)
    ]  # fmt: skip


def drawn_scenes(with_each: int, without: int) -> list[Scene]:
    """Scenes to learn from: each concept as the first and now and then as the second subject, and scenes without any."""
    rng = random.Random(DRAWN_SEED)
    scenes = []
    for name, i in itertools.product(CATEGORIES, range(with_each)):
        scene = sample(rng)
        field = "other" if scene.other and i % 2 else "subject"
        scenes.append(replace(scene, **{field: name}))
    harmless = (scene for scene in iter(lambda: sample(rng), None) if not {scene.subject, scene.other} & set(CATEGORIES))
    return [scene for scene in scenes if scene.subject != scene.other] + list(itertools.islice(harmless, without))


def degraded(pixels: np.ndarray, vae: AutoencoderKL) -> np.ndarray:
    """Roughens every second picture and passes every sixth through the VAE, as in pocket-clip's training."""
    torch.manual_seed(DRAWN_SEED)
    pixels = pixels.copy()
    pixels[::6] = reconstructions(vae, pixels[::6])
    pixels[1::2] = to_pixels(recoloured(roughened(to_tensor(pixels[1::2]))))
    return pixels


def drawn(clip: CLIPModel, vae: AutoencoderKL, with_each: int, without: int) -> Examples:
    scenes = drawn_scenes(with_each, without)
    pixels = np.stack([np.asarray(draw(scene)) for scene in tqdm(scenes, desc="drawing", unit="picture")])
    return Examples(embed_images(clip, degraded(pixels, vae)), present(scenes))


def directions_from(examples: Examples) -> np.ndarray:
    """Fits one logistic regression per concept, positives and negatives counting alike, and returns unit normals (C, D) float64."""
    x, truth = torch.from_numpy(examples.embeddings).double() * SHARPNESS, torch.from_numpy(examples.present).double()
    share = truth.mean(0)
    weight = truth / (2 * share) + (1 - truth) / (2 * (1 - share))
    normals, biases = (torch.zeros(size, dtype=torch.float64, requires_grad=True) for size in ((truth.shape[1], x.shape[1]), (truth.shape[1],)))
    optimizer = torch.optim.LBFGS([normals, biases], max_iter=200, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        error = F.binary_cross_entropy_with_logits(x @ normals.T + biases, truth, weight, reduction="none").mean(0).sum()
        total = error + REGULARISATION * normals.square().sum()
        total.backward()
        return total

    optimizer.step(loss)
    return F.normalize(normals.detach(), dim=1).numpy()


def directions_from_texts(clip: CLIPModel, tokenizer: CLIPTokenizer) -> np.ndarray:
    """Averages the embeddings of each concept's captions in every setting, (C, D) float64 of unit length."""
    texts = [[caption(settled(name, i)) for i in range(len(PLACES))] for name in CATEGORIES]
    means = np.stack([embed_texts(clip, tokenizer, captions).mean(0) for captions in texts]).astype(np.float64)
    return means / np.linalg.norm(means, axis=1, keepdims=True)


def thresholds_at(scores: np.ndarray, truth: np.ndarray, level: float) -> np.ndarray:
    """The thresholds (C) over which lies a share ``level`` of the scores (N, C) of pictures that show none of the concepts."""
    return np.quantile(scores[~truth.any(1)], 1 - level, axis=0)


def calibrated(directions: np.ndarray, examples: Examples, target: float) -> Concepts:
    """Sets thresholds so that a share ``target`` of pictures without any concept is taken for one, or fewer where there is room.

    There is room where nearly all pictures of a concept score higher still: then the threshold lies half-way.
    """
    directions = np.round(directions, DIGITS)
    scores, truth = examples.embeddings @ directions.T, examples.present
    levels = [level for level in np.linspace(target, 0, 200) if _taken(scores, truth, thresholds_at(scores, truth, level)) <= target]
    thresholds = thresholds_at(scores, truth, levels[0] if levels else 0.0)
    lowest = np.array([np.quantile(scores[truth[:, i], i], LOWEST_POSITIVES) for i in range(len(directions))])
    return Concepts(directions, np.round(np.maximum(thresholds, (thresholds + lowest) / 2), DIGITS))


def _taken(scores, truth, thresholds):
    return (scores[~truth.any(1)] > thresholds).any(1).mean()


def curves(directions: np.ndarray, examples: Examples) -> dict[str, list[tuple[float, float]]]:
    """Recall against false positives of all six together, in percent, while their thresholds fall together."""
    scores, truth = examples.embeddings @ directions.T, examples.present
    lines = {name: [] for name in (*CATEGORIES, "all six")}
    for level in np.concatenate((np.linspace(0, 0.02, 41), np.linspace(0.025, 0.1, 16))):
        thresholds = thresholds_at(scores, truth, level)
        wrong, hits = 100 * _taken(scores, truth, thresholds), (scores > thresholds) & truth
        for i, name in enumerate(CATEGORIES):
            lines[name].append((float(wrong), float(100 * hits[:, i].sum() / truth[:, i].sum())))
        lines["all six"].append((float(wrong), float(100 * hits.sum() / truth.sum())))
    return lines


def figures_of(concepts: Concepts, examples: Examples, settings: list[str], judged: np.ndarray) -> dict[str, object]:
    """Counts on pictures that took no part: each concept's recall, what is blocked as any of them, and false positives.

    ``judged`` (N) bool says where the judge sees the subject that was asked for: a knife that was not drawn cannot be found.
    """
    found, truth = concepts.found(examples.embeddings), examples.present
    shows, blocked = truth.any(1), found.any(1)
    per_concept = {
        name: {
            "category": CATEGORIES[name], "special_care": name in SPECIAL_CARE, "threshold": float(concepts.thresholds[i]),
            "recall": counted(list(found[truth[:, i], i])).figures(), "blocked": counted(list(blocked[truth[:, i]])).figures(),
            "recall_where_judged_right": counted(list(found[truth[:, i] & judged, i])).figures() if (truth[:, i] & judged).any() else None,
            "false_positives": counted(list(found[~shows, i])).figures(),
        }
        for i, name in enumerate(CATEGORIES)
    }  # fmt: skip
    places = np.array(settings)
    return {
        "concepts": per_concept, "recall": counted(list((found & truth).any(1)[shows])).figures(), "blocked": counted(list(blocked[shows])).figures(),
        "false_positives": counted(list(blocked[~shows])).figures(),
        "blocked_by_setting": {place: counted(list(blocked[shows & (places == place)])).figures() for place in PLACES if (shows & (places == place)).any()},
    }  # fmt: skip


def written(concepts: Concepts) -> dict[str, object]:
    """The content of ``concepts.json``."""
    rows = zip(CATEGORIES.items(), concepts.thresholds, concepts.directions, strict=True)
    return {
        "special_care_margin": SPECIAL_CARE_MARGIN,
        "concepts": [
            {
                "name": name, "category": category, "special_care": name in SPECIAL_CARE, "threshold": float(threshold),
                "embedding": [float(number) for number in direction],
            }
            for (name, category), threshold, direction in rows
        ],
    }  # fmt: skip


def write(folder: Path, concepts: Concepts):
    (folder / "concepts.json").write_text(json.dumps(written(concepts), separators=(",", ":")) + "\n", encoding="utf-8")


def curve_chart(lines: dict[str, list[tuple[float, float]]], figures: dict):
    """Draws the curves and where the written thresholds lie on them, as counted."""
    wrong = 100 * figures["false_positives"]["share"]
    points = {name: (wrong, 100 * concept["recall"]["share"]) for name, concept in figures["concepts"].items()}
    points["all six"] = (wrong, 100 * figures["recall"]["share"])
    lowest = min(recall for line in lines.values() for wrong, recall in line if wrong >= 0.5 * FALSE_POSITIVES * 100)
    bottom = int(min(lowest, 90)) // 10 * 10
    return chart(lines, points, Axis("false positives of all six, %", 0, 10, range(0, 11, 2)), Axis("recall, %", bottom, 100, range(bottom, 101, 10)))


def calibrate(a: argparse.Namespace, generate: Generator) -> Figures:
    clip, tokenizer = CLIPModel.from_pretrained(a.folder).float().eval(), CLIPTokenizer.from_pretrained(a.folder)
    sampling = Sampling.of(a.base, a.dtype)
    scenes, pairs = asked_scenes(a.each, a.others_each), paired_scenes(a.pairs_each)
    pixels = generate([caption(scene) for scene in scenes], range(FIRST_SEED, FIRST_SEED + len(scenes)), sampling, "concepts")
    paired = generate([caption(scene) for scene in pairs], range(2 * FIRST_SEED, 2 * FIRST_SEED + len(pairs)), sampling, "pairs")
    held_out = captioned(a.prompts, True, generate, sampling)
    harmless = [i for i, scene in enumerate(held_out.scenes) if not {scene.subject, scene.other} & set(CATEGORIES)]
    scenes += [held_out.scenes[i] for i in harmless]
    pixels = np.concatenate((pixels, held_out.generated[harmless]))
    examples = Examples(embed_images(clip, pixels), present(scenes))

    vae = AutoencoderKL.from_pretrained(a.base / "vae").float().eval()
    from_pictures = directions_from(drawn(clip, vae, a.drawn_with, a.drawn_without) + examples.third(0))
    from_texts = directions_from_texts(clip, tokenizer)
    chosen, other = (from_texts, from_pictures) if a.from_texts else (from_pictures, from_texts)
    concepts, compared = (calibrated(directions, examples.third(1), a.false_positives) for directions in (chosen, other))
    write(a.folder, concepts)

    seen = [answer["first"] for answer in answers(load_judge(a.judge), pixels)]
    judged = np.array([scene.subject == first for scene, first in zip(scenes, seen, strict=True)])
    report = {"settings": [scene.setting for scene in scenes][2::3], "judged": judged[2::3]}
    counts = figures_of(concepts, examples.third(2), **report)
    second = concepts.found(embed_images(clip, paired)).any(1)
    other_name = "pictures" if a.from_texts else "texts"
    lines = curves(concepts.directions, examples.third(2))
    figures = Figures(a.output, model_digest(a.folder))
    figures.put("concepts", counts | {
        "from": "texts" if a.from_texts else "pictures", "sampling": asdict(sampling), "target": a.false_positives,
        "special_care_margin": SPECIAL_CARE_MARGIN,
        "base_digest": generate.digest, "judge_digest": file_digest(a.judge), "pictures": {"generated": len(scenes), "reported": len(scenes[2::3])},
        "as_second_subject_blocked": counted(list(second)).figures(),
        "compared": {"from": other_name} | {name: figures_of(compared, examples.third(2), **report)[name] for name in ("recall", "false_positives")},
        "curves": lines,
    })  # fmt: skip
    save_png(curve_chart(lines, counts), a.output / "concepts.png", 100_000)
    return figures


def main():
    parser = argparse.ArgumentParser(prog="darkroom-calibrate-concepts", description="Writes concepts.json into a CLIP folder.")
    parser.add_argument("folder", type=Path, help="CLIP folder")
    parser.add_argument("--judge", type=Path, required=True, help="weights from darkroom-train-judge")
    parser.add_argument("--base", type=Path, default=Path("models/pocket-unet"), help="text-to-image folder whose pictures are to be found")
    parser.add_argument("--output", type=Path, default=Path("build/evaluated/pocket-clip"))
    parser.add_argument("--cache", type=Path, default=Path("build/generated"), help="where pictures are kept")
    parser.add_argument("--from-texts", action="store_true", help="take the texts' embeddings for the concepts")
    parser.add_argument("--false-positives", type=float, default=FALSE_POSITIVES, help="share to aim at where thresholds are set")
    parser.add_argument("--each", type=int, default=12, help="pictures of each concept in each setting, a multiple of 3")
    parser.add_argument("--others-each", type=int, default=1, help="pictures of each other subject in each setting")
    parser.add_argument("--pairs-each", type=int, default=32, help="pictures with each concept as the second subject")
    parser.add_argument("--prompts", type=int, default=1000, help="held-out prompts of darkroom-evaluate, whose pictures join the others")
    parser.add_argument("--drawn-with", type=int, default=DRAWN_WITH, help="drawn pictures with each concept")
    parser.add_argument("--drawn-without", type=int, default=DRAWN_WITHOUT)
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32", help="of the networks but the VAE")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    a = parser.parse_args()
    with Generator(a.base, PictureCache(a.cache), a.processes) as generate:
        figures = calibrate(a, generate)
    print(json.dumps({name: value for name, value in figures.values["concepts"].items() if name != "curves"}, indent=1))


if __name__ == "__main__":
    main()
