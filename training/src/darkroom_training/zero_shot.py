# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""What a CLIP folder tells apart without having been trained to: which of some captions, alike but for one word, belongs to a picture."""

import argparse
import json
import os
import random
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from diffusers import AutoencoderKL
from tqdm import tqdm
from transformers import CLIPModel, CLIPTokenizer

from darkroom_training.clip import embed_images, embed_texts
from darkroom_training.figures import Figures
from darkroom_training.generated import Generator, Sampling
from darkroom_training.picture_cache import PictureCache, model_digest
from darkroom_training.shares import counted
from darkroom_training.validation import captioned, reconstructions, renders
from darkroom_training.world import Scene, caption
from darkroom_training.world.scene import COLOURS, NAMES, PLAIN, SETTINGS, SIZES, TIMES

ALTERNATIVES = {
    "subject": NAMES, "other": NAMES, "setting": (*SETTINGS, *(f"plain {colour}" for colour in PLAIN)), "time": TIMES,
    "colour": tuple(COLOURS), "count": (1, 2, 3),
}  # fmt: skip
SIDES = {"left": ("above",), "beside": ("above",), "above": ("left", "beside")}  # what a picture tells from a relation
TEXTS_AT_ONCE = 1024
NEGATIVES = 32


def asked(scene: Scene) -> list[str]:
    """The fields of a scene that its caption names; a count only of single kinds, a time only under the sky."""
    fields = ["subject", "setting"]
    fields += ["other"] if scene.other else ["count"]
    fields += ["colour"] if scene.colour else []
    return fields + (["time"] if scene.setting in SETTINGS and scene.setting != "space" else [])


def alternatives(scene: Scene, field: str) -> list[str]:
    """Captions of the scene with every value of one field, the scene's own first."""
    own = getattr(scene, field)
    return [caption(replace(scene, **{field: value})) for value in (own, *(value for value in ALTERNATIVES[field] if value != own))]


def hard_negatives(scene: Scene, count: int, rng: random.Random) -> dict[str, str]:
    """Makes captions with one attribute changed, each with the name of the attribute; as many of each as there are, in turns.

    Beside what `asked` names, these are the size of a single subject and whether a pair stands or lies.
    """
    changed = {field: alternatives(scene, field)[1:] for field in asked(scene)}
    if scene.other:
        changed["relation"] = [caption(replace(scene, relation=relation)) for relation in SIDES[scene.relation]]
    elif scene.count == 1:
        changed["size"] = [caption(replace(scene, size=size)) for size in (None, *SIZES) if size != scene.size]
    for captions in changed.values():
        rng.shuffle(captions)
    negatives = {}
    while len(negatives) < count:
        for field, captions in changed.items():
            if captions and len(negatives) < count:
                negatives[captions.pop()] = field
    return negatives


def ranking(clip: CLIPModel, tokenizer: CLIPTokenizer, scenes: list[Scene], sets: dict[str, np.ndarray]) -> dict[str, dict]:
    """Per set of pictures of the scenes: how often the own caption ranks before all of NEGATIVES, and what the others were taken in by."""
    questions = [(caption(scene), hard_negatives(scene, NEGATIVES, random.Random(i))) for i, scene in enumerate(scenes)]
    embeddings = text_embeddings(clip, tokenizer, [text for own, negatives in questions for text in (own, *negatives)])
    result = {}
    for name, pixels in sets.items():
        first, lost = [], Counter()
        for image, (own, negatives) in zip(embed_images(clip, pixels), questions, strict=True):
            best = max((own, *negatives), key=lambda text: float(embeddings[text] @ image))
            first.append(best == own)
            lost.update([negatives[best]] if best != own else [])
        result[name] = counted(first).figures() | {"lost_to": dict(lost.most_common())}
    return result


def text_embeddings(clip: CLIPModel, tokenizer: CLIPTokenizer, texts: list[str]) -> dict[str, np.ndarray]:
    distinct = list(dict.fromkeys(texts))
    parts = [distinct[i : i + TEXTS_AT_ONCE] for i in range(0, len(distinct), TEXTS_AT_ONCE)]
    return {text: row for part in tqdm(parts, desc="texts", unit="batch") for text, row in zip(part, embed_texts(clip, tokenizer, part), strict=True)}


def accuracies(clip: CLIPModel, tokenizer: CLIPTokenizer, scenes: list[Scene], sets: dict[str, np.ndarray]) -> dict[str, dict[str, dict]]:
    """Per set of pictures of the scenes and field: how often the own caption is the nearest of all."""
    questions = [(i, field, alternatives(scene, field)) for i, scene in enumerate(scenes) for field in asked(scene)]
    embeddings = text_embeddings(clip, tokenizer, [text for _, _, texts in questions for text in texts])
    result = {}
    for name, pixels in sets.items():
        images, right = embed_images(clip, pixels), {}
        for i, field, texts in questions:
            nearest = np.argmax(np.stack([embeddings[text] for text in texts]) @ images[i])
            right.setdefault(field, []).append(bool(nearest == 0))
        result[name] = {field: counted(right[field]).figures() for field in ALTERNATIVES if field in right}
    return result


def main():
    parser = argparse.ArgumentParser(prog="darkroom-evaluate-clip", description="Measures what a CLIP folder tells apart on held-out scenes.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--base", type=Path, default=Path("models/pocket-unet"), help="text-to-image folder whose pictures are looked at, too")
    parser.add_argument("--output", type=Path, default=Path("build/evaluated/pocket-clip"))
    parser.add_argument("--cache", type=Path, default=Path("build/generated"), help="where pictures are kept")
    parser.add_argument("--pictures", type=int, default=512, help="held-out scenes")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32", help="of the base's networks but the VAE")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    a = parser.parse_args()
    clip, tokenizer = CLIPModel.from_pretrained(a.folder).float().eval(), CLIPTokenizer.from_pretrained(a.folder)
    sampling = Sampling.of(a.base, a.dtype)
    with Generator(a.base, PictureCache(a.cache), a.processes) as generate:
        shown = captioned(a.pictures, True, generate, sampling)
    rendered = renders(0, a.pictures)
    vae = AutoencoderKL.from_pretrained(a.base / "vae").float().eval()
    sets = {"renders": rendered, "renders through the VAE": reconstructions(vae, rendered), "generated pictures": shown.generated}
    figures = Figures(a.output, model_digest(a.folder))
    values = accuracies(clip, tokenizer, shown.scenes, sets)
    figures.put("zero_shot", {"pictures": a.pictures, "sampling": asdict(sampling), "base_digest": generate.digest, "accuracy": values})
    figures.put("hard_negatives", {"negatives": NEGATIVES, "sets": ranking(clip, tokenizer, shown.scenes, sets)})
    print(json.dumps({name: figures.values[name] for name in ("zero_shot", "hard_negatives")}, indent=1))


if __name__ == "__main__":
    main()
