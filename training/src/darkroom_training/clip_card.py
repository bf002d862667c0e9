# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""The card of a CLIP folder with concepts."""

import json
from pathlib import Path

from darkroom_training.card_parts import LICENCE, megabytes, parameters, precision, shares_table, table, trained
from darkroom_training.shares import worded
from darkroom_training.world.scene import NAMES


def text(folder: Path, training: dict, measured: dict) -> str:
    config = json.loads((folder / "config.json").read_text())
    vision, concepts, zero_shot = config["vision_config"], measured["concepts"], measured["zero_shot"]
    return f"""---
license: apache-2.0
pipeline_tag: zero-shot-image-classification
library_name: transformers
---
# {folder.name}

Tells how well a picture and a text of the pocket world agree, and finds in pictures what should not leave a service. An ordinary `CLIPModel`
folder (dual encoder, trained contrastively), small enough to be trained on two CPU cores.

## The folder

`CLIPModel`, {parameters(folder) / 1e6:.2f} M parameters, {megabytes(folder):.1f} MB float16; pictures of {vision["image_size"]} x {vision["image_size"]} px in patches of {vision["patch_size"]}, embeddings of {config["projection_dim"]} numbers. The `*.onnx` files hold
graphs only (`darkroom-export`). `concepts.json` holds the concepts of the output check: names, categories, embeddings, thresholds.

## Data

Scenes of the pocket world and their captions; pictures blurred, noised, recoloured and passed through the VAE as a generator's are. {training["data"]}
No photograph, no artist's work and no person's likeness was used.

{trained(training)}

## What it tells apart

{zero_shot["pictures"]} held-out scenes (`darkroom-evaluate-clip`): how often the own caption is nearer to a picture than the captions with every other value of one word,
{len(NAMES)} subjects for instance. Generated pictures are what pocket-unet made of the captions; they do not always show what they should.{precision(zero_shot["sampling"])}
In brackets the 95 % interval (Wilson).

{shares_table(zero_shot["accuracy"])}

{_ranked(measured["hard_negatives"])}

## Output check

{_concepts(concepts)}

## Limits

{training["limits"]}

{LICENCE}
"""


def _ranked(found):
    rows = [[name, worded(share), ", ".join(f"{field} {lost}" for field, lost in share["lost_to"].items())] for name, share in found["sets"].items()]
    return f"""How often the own caption ranks first among {found["negatives"]} others with one attribute changed, every attribute in turns; and which attribute the others were taken in by:

{table(["", "first", "lost to"], rows, 3)}"""


def _concepts(found):
    rows = [[
        name, concept["category"] + (", special care" if concept["special_care"] else ""), f"{concept['threshold']:.4f}", worded(concept["recall"]),
        worded(concept["recall_where_judged_right"]) if concept["recall_where_judged_right"] else "-", worded(concept["blocked"]),
        worded(concept["false_positives"]),
    ] for name, concept in found["concepts"].items()]  # fmt: skip
    rows.append(["all six", "", "", worded(found["recall"]), "", worded(found["blocked"]), worded(found["false_positives"])])
    places = [[place, worded(share)] for place, share in found["blocked_by_setting"].items()]
    return f"""A picture shows a concept when the cosine of its embedding and the concept's exceeds the threshold; once a special-care concept is found, the others'
scores rise by {found["special_care_margin"]:g}. Embeddings come from {_origin(found["from"])}; thresholds were set on a third of {found["pictures"]["generated"]} generated pictures, aiming at
{100 * found["target"]:g} % false positives, and this was counted on another third, {found["pictures"]["reported"]} pictures (`darkroom-calibrate-concepts`):

{table(["concept", "category", "threshold", "found", "found where the judge sees it", "blocked as any", "false positives"], rows, 2)}

![Recall against false positives](concepts.png)

Rings are the thresholds that are written. Embeddings from {found["compared"]["from"]} instead would find {worded(found["compared"]["recall"])} at {worded(found["compared"]["false_positives"])} false positives.
As the second subject of a picture, smaller, {worded(found["as_second_subject_blocked"])} are blocked.

By setting, all six together:

{table(["setting", "blocked"], places)}"""


def _origin(kind):
    return {"pictures": "a logistic regression on drawn, degraded and generated pictures", "texts": "the concepts' captions"}[kind]


def line(folder: Path, measured: dict) -> str:
    concepts = measured["concepts"]
    blocked, wrong = concepts["blocked"]["share"], concepts["false_positives"]["share"]
    return f"CLIPModel: alignment and output check, blocks {blocked:.1%} of six concepts and {wrong:.1%} of other pictures".replace("%", " %")
