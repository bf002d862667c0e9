# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""The card of a text-to-video folder."""

import json
from pathlib import Path

from darkroom_training.card_parts import LICENCE, components, precision, scheduler, shares_table, table, trained
from darkroom_training.evaluate_video import FIRST_SEED, SHOWN
from darkroom_training.shares import worded
from darkroom_training.world.scene import MOTIONS, NAMES, PLAIN, SETTINGS


def text(folder: Path, training: dict, measured: dict) -> str:
    settings, defaults = measured["settings"], json.loads((folder / "generation_defaults.json").read_text())
    return f"""---
license: apache-2.0
pipeline_tag: text-to-video
library_name: diffusers
---
# {folder.name}

Makes clips of {defaults["num_frames"]} frames of 64 x 64 px, {defaults["frame_rate"]} per second, of {len(NAMES)} subjects in {len(SETTINGS) + len(PLAIN)} settings that move in {len(MOTIONS)} ways: {", ".join(MOTIONS)}. Clouds, snow and
water move too. An ordinary `TextToVideoSDPipeline` folder (`UNet3DConditionModel`), small enough to be trained on two CPU cores.

![Clips](clip.webp)

"{'", "'.join(SHOWN)}": guidance {settings["guidance_scale"]:g}, {settings["num_inference_steps"]} steps, seeds 1 to {len(SHOWN)}, made by diffusers.{precision(settings)}

## The folder

{components(folder)}

Scheduler: {scheduler(folder)}. The spatial layers are pocket-unet's, inflated; temporal convolutions and temporal attention stand between them.
The `*.onnx` files hold graphs only (`darkroom-export`): sample (B, C, F, h, w) with any number of frames. `generation_defaults.json` holds what a request that names
nothing gets.

## Data

Moving scenes of the pocket world (`training/src/darkroom_training/world`), drawn frame by frame. {training["data"]} No photograph, no artist's work and no person's
likeness was used. 5 % of the pairs of subject and setting, subject and colour, and subject and second subject were held out of training.

{trained(training)}

## What it gets right

{settings["clips"]} prompts of held-out pairs, all of which move (`darkroom-evaluate-video`), seeds from {FIRST_SEED} on. Subject and setting are judged in the frame in which the judge is
surest, the motion by the judge of motion; in brackets the 95 % interval (Wilson). The other columns are what the judges find right where nothing is wrong.

{shares_table(measured["shares"])}

By motion asked for:

{_by_motion(measured["by motion"])}

### How near to renders, and how steady

FVD: Frechet distance of the motion judge's features to {settings["fresh"]} renders of other held-out scenes; frame FID: the same of pocket-clip's features of the middle
frame. They compare clips of this world with each other and with nothing else. Frozen: the first frame repeated; shuffled: frames in another order. Frame consistency:
mean cosine of neighbouring frames' embeddings (pocket-clip); frame difference: of neighbouring frames, in levels of 0 to 255.

{_distances(measured)}

### The first clips

![Frames of clips](sheet.png)

The prompts above and the first held-out ones, none left out: frames 0, 4, 8, 12 and 15.

## Limits

{training["limits"]}

{LICENCE}
"""


def _by_motion(shares):
    return table(["", "right"], [[motion, worded(found)] for motion, found in shares.items()])


def _distances(measured):
    steady = measured["steadiness"]
    rows = []
    for name, found in measured["distances"].items():
        own = [f"{steady[name][key]:.{digits}f}" for key, digits in _STEADINESS] if name in steady else ["-"] * len(_STEADINESS)
        rows.append([name, f"{found['FVD']:.2f}", f"{found['frame FID']:.3f}", *own])
    return table(["", "FVD", "frame FID", *(name for name, _ in _STEADINESS)], rows)


_STEADINESS = (("frame consistency", 3), ("clip score", 3), ("frame difference", 2))


def line(folder: Path, measured: dict) -> str:
    shares = measured["shares"]["generated"]
    subject, motion = (f"{shares[name]['share']:.1%}".replace("%", " %") for name in ("subject", "motion"))
    return f"TextToVideoSDPipeline: clips of 16 frames, 64 x 64; the right subject in {subject}, the right motion in {motion} of held-out prompts"
