# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""The card of an upscaler folder."""

from pathlib import Path

from darkroom_training.card_parts import LICENCE, components, precision, scheduler, shares_table, table, trained
from darkroom_training.shares import worded


def text(folder: Path, training: dict, measured: dict) -> str:
    settings, found, judged, seams = (measured[name] for name in ("settings", "renders", "generated", "seams"))
    return f"""---
license: apache-2.0
pipeline_tag: image-to-image
library_name: diffusers
---
# {folder.name}

Enlarges pictures of the pocket world four times: 64 to 256 px, and, in overlapping tiles, 256 to 1024 px. An ordinary
`StableDiffusionUpscalePipeline` folder (latent diffusion conditioned on the small picture, with noise augmentation), small enough to be trained
on two CPU cores.

![64 px, bicubic, upscaler, drawn at 256 px](sheet.png)

Middles of the first held-out scenes at full size; {settings["num_inference_steps"]} steps, guidance {settings["guidance_scale"]:g}, noise level {settings["noise_level"]}, seeds from {measured["sheet"]["first_seed"]} on, drawn by diffusers.{precision(settings)}

## The folder

{components(folder)}

Scheduler: {scheduler(folder)}. The U-Net sees latents and the noised small picture, which have the same size, and the noise level as its class
label. The `*.onnx` files hold graphs only (`darkroom-export`). `generation_defaults.json` holds what a request gets that names nothing.

## Data

Scenes of the pocket world, drawn at 64 and at 256 px. {training["data"]} No photograph, no artist's work and no person's likeness was used.

{trained(training)}

## How good it is

{settings["pictures"]} held-out scenes, compared with what they look like drawn at 256 px (`darkroom-evaluate-upscaler`):

{_quality(found)}

KID (x 1,000) is the kernel inception distance on pocket-clip's image features to {found["fresh"]} renders of other held-out scenes. The figure is that of
{found["windows"]} windows of 64 px per picture at full size, where an enlargement differs; reduced to 64 px, every one of them is nearly the picture that it was made from.
PSNR is not below bicubic's in {worded(found["model_not_below_bicubic"])} of the pictures.

### On generated pictures

What the judge finds right in {judged["before"]["everything"]["asked"]} pictures that pocket-unet made of held-out prompts, before, and after enlarging them and averaging 4 x 4 px.
Without any fault before and not after: {judged["lost"]}; the other way round: {judged["gained"]}.

{shares_table({"before": judged["before"], "after": judged["after"]})}

### Seams

{seams["pictures"]} pictures, enlarged once more from 256 to 1024 px in tiles of {seams["tile"]} px with an overlap of {seams["overlap"]}: the gradient across the borders of tiles is
{seams["ratio"]:.3f} times that elsewhere (worst picture {seams["worst"]:.3f}). Borders lie between latents; compared with such lines only it is {seams["ratio_on_grid"]:.3f} times
(in bicubic enlargements, which have no tiles, {seams["bicubic_on_grid"]:.3f}).

## Limits

{training["limits"]}

{LICENCE}
"""


def _quality(found):
    names = {"bicubic": "bicubic", "model": "upscaler", "true": "drawn at 256 px"}
    rows = [
        [
            name, f"{found['psnr'][key]:.2f} dB" if key in found["psnr"] else "-", f"{1000 * found['kid_windows'][key]['mean']:.3f}",
            f"{1000 * found['kid_reduced'][key]['mean']:.3f}",
        ]
        for key, name in names.items()
    ]  # fmt: skip
    return table(["", "PSNR", "KID, windows", "KID, reduced to 64 px"], rows)


def line(folder: Path, measured: dict) -> str:
    psnr = measured["renders"]["psnr"]
    return f"StableDiffusionUpscalePipeline: four times as large, {psnr['model']:.1f} dB (bicubic {psnr['bicubic']:.1f} dB)"
