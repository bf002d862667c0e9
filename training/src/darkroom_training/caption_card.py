# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""The card of a captioner's folder."""

import json
from pathlib import Path

from darkroom_training.card_parts import LICENCE, megabytes, parameters, precision, table, trained
from darkroom_training.evaluate_caption import QUESTIONS
from darkroom_training.shares import worded
from darkroom_training.world.scene import NAMES, PLAIN, SETTINGS

SETS = {
    "held out": "held out", "seen pairs": "seen pairs", "from 256 px": "drawn at 256 px", "cropped and compressed": "cropped and compressed",
    "through the VAE": "through the VAE", "generated": "generated",
}  # fmt: skip


def text(folder: Path, training: dict, measured: dict) -> str:
    config, generation = (json.loads((folder / name).read_text()) for name in ("config.json", "generation_config.json"))
    encoder, decoder, settings = config["encoder"], config["decoder"], measured["settings"]
    short = generation["style_to_start_token_id"]["short"]
    return f"""---
license: apache-2.0
pipeline_tag: image-to-text
library_name: transformers
---
# {folder.name}

Describes pictures of the pocket world: {len(NAMES)} subjects in {len(SETTINGS) + len(PLAIN)} settings, by day, night and sunset, in seven colours, small and big, one to three of them, one
left of or above another. An ordinary `VisionEncoderDecoderModel` folder, small enough to be trained on two CPU cores and to be kept in a repository.

## The folder

{parameters(folder) / 1e6:.2f} M parameters, {megabytes(folder):.1f} MB float16. ViT: {encoder["image_size"]} x {encoder["image_size"]} px in patches of {encoder["patch_size"]}, {encoder["num_hidden_layers"]} layers of {encoder["hidden_size"]}. GPT-2 with cross-attention: {decoder["n_layer"]} layers of {decoder["n_embd"]}, byte-level BPE of
{decoder["vocab_size"]} entries, {decoder["n_positions"]} tokens. {generation["num_beams"]} beams, length penalty {generation["length_penalty"]:g}. The `*.onnx` files hold graphs only (`darkroom-export`).

- Begun with `decoder_start_token_id` {generation["decoder_start_token_id"]}, a caption says all that the picture shows: "a small red fox to the left of an owl in the snow at night".
- Begun with {short} (`style_to_start_token_id` in `generation_config.json`), it has two to five words: "fox and owl in snow".
- Words behind the first token ("a photo of") are gone on from.
- `caption_calibration.json`: a caption's confidence is exp(log-probability / `temperature`), the log-probability summed over its tokens, the end included. It is the
  chance that the whole caption is right; below `threshold` it should not be vouched for.

Two things beside each other are described from left to right: no picture tells "next to" from "to the left of".

## Data

Scenes of the pocket world (`training/src/darkroom_training/world`) drawn at 64 to 256 px, cropped, compressed, blurred, noised, recoloured, and passed through
pocket-unet's VAE. {training["data"]} No photograph, no artist's work and no person's likeness was used.
5 % of the pairs of subject and setting, subject and colour, and subject and second subject were held out of training.

{trained(training)}

## What it gets right

{settings["pictures"]} scenes with pairs that training never drew ("held out"), and what was made of them; and pictures that pocket-unet made of held-out prompts, compared with the
prompts: they do not always show what they should (`darkroom-evaluate-caption`).{precision(settings)} In brackets the 95 % interval (Wilson). A relation is right with both
subjects in their places; "no colour" are subjects in their own colours, of which none should be named; "whole caption" is right word for word.

{_shares(measured["captions"])}

Short descriptions of the held-out scenes are right word for word in {worded(measured["short"])}.

### What it knows of its mistakes

{_calibration(measured["calibration"])}

![Reliability](reliability.png)

### Where it fails

The first held-out scenes with a wrong caption, none left out:

![Failures](failures.png)

## Limits

{training["limits"]}

{LICENCE}
"""


def _shares(values):
    names = [name for name in QUESTIONS if any(name in found["shares"] for found in values.values())]
    rows = [[name, *(worded(found["shares"][name]) if name in found["shares"] else "-" for found in values.values())] for name in names]
    rows += [[name, *(f"{found[key]:.3f}" for found in values.values())] for name, key in (("BLEU-4", "bleu_4"), ("CIDEr-D", "cider_d"))]
    return table(["", *(f"{SETS[name]} ({found['pictures']})" for name, found in values.items())], rows)


def _calibration(found):
    rows = [[
        SETS[name], f"{one['expected_calibration_error']:.3f}", f"{one['expected_calibration_error_without_temperature']:.3f}", _percent(one["share_above"]),
        _percent(one["right_above"]), _percent(one["right_below"]),
    ] for name, one in found["reliability"].items()]  # fmt: skip
    heading = ["", "ECE", "ECE without temperature", "above the threshold", "of these right", "of the others right"]
    return f"""Temperature {found["temperature"]:g} and threshold {found["threshold"]:g} were found on other held-out scenes: temperature scaling (Guo et al. 2017), and the lowest threshold above which
{_percent(found["target"])} of the captions are right word for word. ECE: expected calibration error, ten bins.

{table(heading, rows)}

Of pictures that show nothing (coloured noise of five grain sizes), {worded(found["strangers"])} stay below the threshold."""


def _percent(share):
    return "-" if share is None else f"{share:.1%}".replace("%", " %")


def line(folder: Path, measured: dict) -> str:
    shares = measured["captions"]["held out"]["shares"]
    subject, whole = (f"{shares[name]['share']:.1%}".replace("%", " %") for name in ("subject", "whole caption"))
    return f"VisionEncoderDecoderModel: captions, subject right in {subject}, every word in {whole} of held-out scenes"
