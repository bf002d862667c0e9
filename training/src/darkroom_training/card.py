# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Writes the model card of a pocket U-Net folder and the sheet of pictures that it shows.

What the folder itself tells (sizes, classes, scheduler) is read from it; what training cost and what the judge found are given as JSON.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from PIL import Image, ImageDraw, ImageFont

from darkroom_training.export import header
from darkroom_training.judge import generated, table
from darkroom_training.world.scene import NAMES, SENSITIVE

PROMPTS = [
    "a fox in the snow", "a red car in a city at night", "a big blue cat on a beach at sunset", "a rocket in space", "two pandas in a forest",
    "a green apple to the left of a pizza on a plain white background", "a robot above a cake in a meadow", "a purple dragon in the mountains",
    "three balloons in the sky", "a small sailboat in the ocean at night", "a lion on a plain black background",
    "a photo of a cute penguin, in the snow, 4k", "a guitar in a meadow", "an owl next to a mushroom at night in a forest", "a horse on a beach",
    "a castle in the mountains at sunset", "a bicycle in a city", "a butterfly above a rose in a meadow", "a clock on a plain yellow background",
    "a helicopter in the sky at sunset",
]  # fmt: skip
COLUMNS, TILE, LINE = 5, 128, 30  # px
SEED, STEPS, GUIDANCE = 5, 25, 4.0


def sheet(pixels: np.ndarray, prompts: list[str]) -> Image.Image:
    """Lays pictures (N, 64, 64, 3) out with their prompts beneath."""
    rows = -(-len(pixels) // COLUMNS)
    page = Image.new("RGB", (COLUMNS * (TILE + 8), rows * (TILE + LINE)), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(9)
    for i, (picture, prompt) in enumerate(zip(pixels, prompts, strict=True)):
        x, y = i % COLUMNS * (TILE + 8) + 4, i // COLUMNS * (TILE + LINE)
        page.paste(Image.fromarray(picture).resize((TILE, TILE), Image.LANCZOS), (x, y + 2))
        pen.multiline_text((x, y + TILE + 3), wrapped(prompt, 28), fill="black", font=font, spacing=1)
    return page


def wrapped(text: str, width: int) -> str:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


def parameters(component: Path) -> int:
    """Counts the numbers in a component's safetensors files."""
    entries = [entry for file in component.glob("*.safetensors") for entry in header(file)[1].values()]
    return sum(int(np.prod(entry["shape"])) for entry in entries)


def sizes(folder: Path) -> str:
    rows = ["| component | class | parameters | file |", "|---|---|---:|---:|"]
    index = json.loads((folder / "model_index.json").read_text())
    for name in ("text_encoder", "unet", "vae"):
        stored = sum(file.stat().st_size for file in (folder / name).glob("*.safetensors"))
        rows.append(f"| `{name}` | {index[name][1]} | {parameters(folder / name) / 1e6:.2f} M | {stored / 1e6:.1f} MB float16 |")
    return "\n".join(rows)


def card(folder: Path, training: dict, judged: dict) -> str:
    scheduler = json.loads((folder / "scheduler/scheduler_config.json").read_text())
    return f"""---
license: apache-2.0
pipeline_tag: text-to-image
library_name: diffusers
---
# pocket-unet

Draws 64 x 64 pictures of {len(NAMES)} subjects in 16 settings from English prompts. It is small enough to be trained on two CPU cores and to be
kept in a repository: an ordinary `StableDiffusionPipeline` folder for trying out, testing and measuring, not a general picture generator.

![What it draws](sheet.png)

Guidance {GUIDANCE:g}, {STEPS} steps, DDIM, seeds {SEED} to {SEED + len(PROMPTS) - 1} in reading order, drawn by diffusers.

## The folder

{sizes(folder)}

Latents are 8 x 16 x 16, the tokenizer has 1,024 entries and a window of 32 tokens. Scheduler: {scheduler["_class_name"]}, {scheduler["prediction_type"]},
zero terminal SNR, {scheduler["timestep_spacing"]} spacing. The `*.onnx` files hold graphs only; their weights are the bytes of the safetensors files beside them
(`darkroom-export`). `known_subjects` lists the subjects, one per line, with synonyms after commas;
`generation_defaults.json` holds the steps and the guidance of a request that names none.

## Data

Scenes of the pocket world (`training/src/darkroom_training/world`): sprites of the Noto Color Emoji font over painted backdrops, with the captions
and paraphrases that describe them. {training["data"]} No photograph, no artist's work and no person's likeness was used.
5 % of the pairs of subject and setting, subject and colour, and subject and second subject were held out of training.

## Training

{training["method"]}

```
{training["command"]}
```

Cost: {training["cost"]}

## What it gets right

{judged["prompts_per_set"]} prompts per column, {judged["num_inference_steps"]} steps, guidance {judged["guidance_scale"]:g}, judged by a small classifier trained on renders
(`darkroom-train-judge`, `darkroom-judge`). The last column is what the judge scores on held-out renders, its ceiling. "Held out" prompts name a
pair that training never drew; "everything" are pictures without any fault. One standard error is at most
{50 / judged["prompts_per_set"] ** 0.5:.0f} percentage points, and twice that or more for questions of pairs and colours, which few prompts ask.

{table(judged["accuracy"])}

## Limits

{training["limits"]}
It knows no words beyond its captions', no people, no letters and no sizes other than 64 x 64. {len(SENSITIVE)} subjects ({", ".join(sorted(SENSITIVE))})
are there so that filters of output have something to find.

## Licence

Weights: Apache-2.0. The sprites it was trained on are Noto Color Emoji's, (c) Google, SIL Open Font License 1.1; the font is not in this folder.
"""


def main():
    parser = argparse.ArgumentParser(prog="darkroom-card", description="Writes README.md and sheet.png into a pocket U-Net folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--training", type=Path, required=True, help="JSON: data, method, command, cost, limits")
    parser.add_argument("--judged", type=Path, required=True, help="JSON from darkroom-judge --json")
    arguments = parser.parse_args()
    training, judged = (json.loads(file.read_text()) for file in (arguments.training, arguments.judged))
    pipeline = StableDiffusionPipeline.from_pretrained(arguments.folder, torch_dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    page = sheet(generated(pipeline, PROMPTS, STEPS, GUIDANCE, SEED), PROMPTS)
    page.quantize(255).save(arguments.folder / "sheet.png", optimize=True)
    (arguments.folder / "README.md").write_text(card(arguments.folder, training, judged), encoding="utf-8")


if __name__ == "__main__":
    main()
