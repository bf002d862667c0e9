# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""The card of a text-to-image folder."""

import json
from pathlib import Path

from darkroom_training.card_parts import LICENCE, components, denoiser, precision, scheduler, shares_table, table, trained
from darkroom_training.shares import worded
from darkroom_training.world.scene import NAMES, PLAIN, SENSITIVE, SETTINGS

SETS = {
    "held out": "held out", "seen pairs": "seen pairs", "free wordings": "free wordings", "judge on renders": "judge on renders",
    "judge on reconstructions": "judge on VAE reconstructions",
}  # fmt: skip


def text(folder: Path, training: dict, measured: dict) -> str:
    settings, following = measured["settings"], measured["prompt_following"]
    first_seed, shown = measured["sheet"]["first_seed"], len(measured["sheet"]["prompts"])
    return f"""---
license: apache-2.0
pipeline_tag: text-to-image
library_name: diffusers
---
# {folder.name}

Draws 64 x 64 pictures of {len(NAMES)} subjects in {len(SETTINGS) + len(PLAIN)} settings from English prompts. It is small enough to be trained on two CPU cores and to be
kept in a repository: an ordinary `{_pipeline(folder)}` folder for trying out, testing and measuring, not a general picture generator.

![What it draws](sheet.png)

Guidance {settings["guidance_scale"]:g}, {settings["num_inference_steps"]} steps, seeds {first_seed} to {first_seed + shown - 1} in reading order, drawn by diffusers.{precision(settings)}

## The folder

{components(folder)}

{_shapes(folder)} Scheduler: {scheduler(folder)}.
The `*.onnx` files hold graphs only; their weights are the bytes of the safetensors files beside them
(`darkroom-export`). `known_subjects` lists the subjects, one per line, with synonyms after commas;
`generation_defaults.json` holds the steps and the guidance of a request that names none.

## Data

Scenes of the pocket world (`training/src/darkroom_training/world`): sprites of the Noto Color Emoji font over painted backdrops, with the captions
and paraphrases that describe them. {training["data"]} No photograph, no artist's work and no person's likeness was used.
5 % of the pairs of subject and setting, subject and colour, and subject and second subject were held out of training.

{trained(training)}

## What it gets right

Judged by a classifier trained on renders (`darkroom-train-judge`, `darkroom-evaluate`), {settings["num_inference_steps"]} steps, guidance {settings["guidance_scale"]:g}; in brackets the 95 % interval (Wilson).
Every prompt of the {following["held out"]["everything"]["asked"]} "held out" names a pair that training never drew; the {following["free wordings"]["everything"]["asked"]} free wordings have words that no training caption has
(`training/src/darkroom_training/prompts/paraphrases.txt`). "Everything" are pictures without any fault. The last two columns are the judge's own: what
it finds right in renders of the held-out scenes, where nothing is wrong, and in what the VAE makes of them.

{shares_table({SETS[name]: shares for name, shares in following.items()})}

### By what a prompt demands

After DrawBench (`training/src/darkroom_training/prompts/benchmark.txt`), pictures of each prompt from several seeds:

{_benchmark(measured["benchmark"])}

### Sharpness

{_sharpness(measured["sharpness"])}

### Guidance and steps

{measured["grid"]["prompts"]} held-out prompts per cell, the same noise in each; pictures without any fault, and in brackets those with the right subject:

{_grid(measured["grid"]["cells"])}

![{measured["grid"]["prompt"]}](grid.png)

"{measured["grid"]["prompt"]}", seed {measured["grid"]["seed"]}.

### Where it fails

The {len(measured["failures"])} of {settings["prompts"]} held-out pictures in which the judge finds most wrong, the first ones among equals:

![Failures](failures.png)

## Limits

{training["limits"]}
It knows no words beyond its captions', no people, no letters and no sizes other than 64 x 64. {len(SENSITIVE)} subjects ({", ".join(sorted(SENSITIVE))})
are there so that filters of output have something to find.

{LICENCE}
"""


def _pipeline(folder):
    return json.loads((folder / "model_index.json").read_text())["_class_name"]


def _shapes(folder):
    network, encoder, tokenizer = (
        json.loads((folder / name).read_text()) for name in (f"{denoiser(folder)}/config.json", "text_encoder/config.json", "tokenizer/tokenizer_config.json")
    )  # fmt: skip
    side, entries, window = network["sample_size"], encoder["vocab_size"], tokenizer["model_max_length"]
    return f"Latents are {network['in_channels']} x {side} x {side}, the tokenizer has {entries:,} entries and a window of {window} tokens."


def _benchmark(categories):
    rows = [[name, str(found["everything"]["asked"]), worded(found["subject"]), worded(found["everything"])] for name, found in categories.items()]
    return table(["demands", "pictures", "subject", "everything"], rows)


def _sharpness(found):
    names = {"generated": "generated pictures", "reconstructed": "VAE reconstructions of renders", "rendered": "renders"}
    rows = [
        [name, *(f"{1000 * found[key][value]:.3f}" for value in ("mean", "std")), f"{found[key]['gradient']:.2f}"] for key, name in names.items()
    ]  # fmt: skip
    return f"""Kernel inception distance (x 1,000) on pocket-clip's image features to {found["fresh"]} fresh renders of other held-out scenes, mean and spread over
{found["generated"]["subsets"]} subsets of {found["generated"]["subset_size"]}, {found["pictures"]} pictures in each row.{_ratio(found)} The gradient is the mean difference of neighbouring pixels,
in levels of 0 to 255.

{table(["", "KID x 1,000", "spread", "gradient"], rows)}"""


def _ratio(found):
    generated, reconstructed, floor = (found[key]["mean"] for key in ("generated", "reconstructed", "rendered"))
    if reconstructed <= abs(floor):  # the quotient would be one of noise
        return " The VAE's reconstructions are not told from renders."
    return f" Generated pictures are {generated / reconstructed:.2f} times as far from renders as the VAE's reconstructions are."


def _grid(cells):
    steps = sorted({cell["num_inference_steps"] for cell in cells})
    by_place = {(cell["guidance_scale"], cell["num_inference_steps"]): cell for cell in cells}

    def share(scale, count):
        cell = by_place[scale, count]
        return f"{cell['everything']['share']:.0%} ({cell['subject']['share']:.0%})".replace("%", " %")

    rows = [[f"guidance {scale:g}", *(share(scale, count) for count in steps)] for scale in sorted({scale for scale, _ in by_place})]
    return table(["", *(f"{count} steps" for count in steps)], rows)


def line(folder: Path, measured: dict) -> str:
    subject = measured["prompt_following"]["held out"]["subject"]["share"]
    return f"{_pipeline(folder)}: 64 x 64, {len(NAMES)} subjects, the right one for {subject:.1%} of held-out prompts".replace("%", " %")
