# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Writes the model card of a pocket model folder, and its line in the table of the folder above.

What the folder itself tells (sizes, classes, scheduler) is read from it, what was measured from the figures of an evaluation, and what training
took from a JSON file with ``data``, ``method``, ``command``, ``cost`` and ``limits``. The sheets of the evaluation are copied.
"""

import argparse
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from darkroom_training import caption_card, clip_card, figures, interpolation_card, text_to_image_card, upscaler_card, video_card
from darkroom_training.picture_cache import model_digest


@dataclass(frozen=True)
class Kind:
    """A kind of model folder: who writes its card, with which pictures."""

    text: object
    line: object
    sheets: tuple[str, ...]


TEXT_TO_IMAGE = Kind(text_to_image_card.text, text_to_image_card.line, ("sheet.png", "grid.png", "failures.png"))
KINDS = {
    "StableDiffusionPipeline": TEXT_TO_IMAGE,
    "PixArtAlphaPipeline": TEXT_TO_IMAGE,
    "StableDiffusionUpscalePipeline": Kind(upscaler_card.text, upscaler_card.line, ("sheet.png",)),
    "TextToVideoSDPipeline": Kind(video_card.text, video_card.line, ("sheet.png", "clip.webp")),
    "PocketInterpolation": Kind(interpolation_card.text, interpolation_card.line, ("sheet.png",)),
    "CLIPModel": Kind(clip_card.text, clip_card.line, ("concepts.png",)),
    "VisionEncoderDecoderModel": Kind(caption_card.text, caption_card.line, ("reliability.png", "failures.png")),
}


def kind_of(folder: Path) -> Kind:
    """Tells a folder's kind from its model_index.json or config.json."""
    index, config = folder / "model_index.json", folder / "config.json"
    values = json.loads((index if index.exists() else config).read_text())
    name = values.get("_class_name") or values["architectures"][0]
    if name not in KINDS:
        raise SystemExit(f"{folder}: no card is known for {name}; there are those of {', '.join(KINDS)}")
    return KINDS[name]


def stored(folder: Path) -> int:
    """Bytes of all files of a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def with_line(index: str, name: str, line: str) -> str:
    """Sets a folder's line in the table of models/README.md, at its place or at the end of the table."""
    lines = index.splitlines()
    start = f"| [{name}]("
    rows = [i for i, text in enumerate(lines) if text.startswith("|")]
    own = [i for i in rows if lines[i].startswith(start)]
    if own:
        lines[own[0]] = line
    else:
        lines.insert(rows[-1] + 1, line)
    return "\n".join(lines) + "\n"


def write(folder: Path, training: dict, evaluated: Path):
    """Writes README.md, copies the sheets, and sets the folder's line in the README above it where there is one."""
    kind, measured = kind_of(folder), figures.read(evaluated)
    if measured["model_digest"] != model_digest(folder):
        raise SystemExit(f"{evaluated / 'figures.json'} tells of other weights than those in {folder}; measure them first")
    for sheet in kind.sheets:
        shutil.copyfile(evaluated / sheet, folder / sheet)
    (folder / "README.md").write_text(kind.text(folder, training, measured), encoding="utf-8")
    above = folder.parent / "README.md"
    if above.exists():
        line = f"| [{folder.name}]({folder.name}/README.md) | {kind.line(folder, measured)} | {stored(folder) / 1e6:.1f} MB |"
        above.write_text(with_line(above.read_text(encoding="utf-8"), folder.name, line), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(prog="darkroom-card", description="Writes the model card of a pocket model folder from what was measured.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--training", type=Path, required=True, help="JSON: data, method, command, cost, limits")
    parser.add_argument("--evaluated", type=Path, help="folder with figures.json and sheets; default: build/evaluated/ and the folder's name")
    a = parser.parse_args()
    write(a.folder, json.loads(a.training.read_text()), a.evaluated or Path("build/evaluated") / a.folder.name)


if __name__ == "__main__":
    main()
