# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""The card of an interpolation folder."""

from pathlib import Path

from darkroom_training.card_parts import LICENCE, megabytes, parameters, table, trained


def text(folder: Path, training: dict, measured: dict) -> str:
    return f"""---
license: apache-2.0
---
# {folder.name}

Draws the frame between two others, at any time between them: temporal super-resolution of clips, 8 to 24 frames per second. Three stages estimate from coarse to fine how
far each place of the new frame lies from where it is in either given one, and which of the two shows it, as RIFE does (Huang et al. 2022); the last one corrects what moving pixels
cannot show.

![Blended, interpolated, drawn](sheet.png)

Halfway between two frames an eighth of a second apart; the first held-out scenes, none left out.

## The folder

{parameters(folder) / 1e6:.2f} M parameters, {megabytes(folder):.1f} MB float16. `model.onnx` holds the graph only (`darkroom-export`): `img0`, `img1` (B, 3, H, W) in 0 to 1, height and width
multiples of 8; `timestep` (B, 1, 1, 1) between 0 and 1; `output` (B, 3, H, W).

## Data

Moving scenes of the pocket world, drawn at 64 to 256 px. {training["data"]} No photograph, no artist's work and no person's likeness was used.

{trained(training)}

## What it gains

{measured["settings"]["scenes"]} held-out moving scenes; the frames at a third and two thirds between two of 8 per second, PSNR in dB of 8-bit pixels (`darkroom-evaluate-interpolation`):

{_psnr(measured)}

## Limits

{training["limits"]}

{LICENCE}
"""


def _psnr(measured):
    small, large = measured["psnr at 64 px"], measured["psnr at 256 px"]
    rows = [[name, *(f"{found[name][key]:.2f}" for found in (small, large) for key in ("ours", "blended"))] for name in small]
    return table(["motion", "64 px", "blended", "256 px", "blended"], rows)


def line(_folder: Path, measured: dict) -> str:
    gains = [measured[f"psnr at {size} px"]["all"] for size in (64, 256)]
    return "frames between frames: {:+.1f} dB over blending at 64 px, {:+.1f} dB at 256 px".format(*(one["ours"] - one["blended"] for one in gains))
