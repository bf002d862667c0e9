# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Sheets of pictures for the model cards, as PNG files of bounded size."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

TILE, GAP, LINE = 128, 8, 11  # px
COLOURS = (256, 128, 64, 32)


def sheet(pixels: np.ndarray, words: Sequence[str], columns: int = 5, lines: int = 3) -> Image.Image:
    """Lays square pictures (N, h, w, 3) out with words beneath, wrapped into at most ``lines`` lines."""
    rows, foot = -(-len(pixels) // columns), lines * LINE + 3
    page = Image.new("RGB", (columns * (TILE + GAP), rows * (TILE + foot)), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(9)
    for i, (picture, text) in enumerate(zip(pixels, words, strict=True)):
        x, y = i % columns * (TILE + GAP) + GAP // 2, i // columns * (TILE + foot)
        page.paste(Image.fromarray(picture).resize((TILE, TILE), Image.LANCZOS), (x, y + 2))
        pen.multiline_text((x, y + TILE + 3), "\n".join(wrapped(text, 28)[:lines]), fill="black", font=font, spacing=1)
    return page


def wrapped(text: str, width: int) -> list[str]:
    """Breaks a text into lines of less than ``width`` characters, at spaces and line ends."""
    lines = []
    for paragraph in text.split("\n"):
        lines.append("")
        for word in paragraph.split():
            if lines[-1] and len(lines[-1]) + len(word) >= width:
                lines.append("")
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def grid(pixels: np.ndarray, rows: Sequence[str], columns: Sequence[str], side: int) -> Image.Image:
    """Lays pictures (len(rows), len(columns), h, w, 3) out at ``side`` px, rows and columns with headings."""
    left, top = 12 + 5 * max(len(line) for heading in rows for line in heading.split("\n")), 16
    page = Image.new("RGB", (left + len(columns) * (side + 2), top + len(rows) * (side + 2)), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(10)
    for j, heading in enumerate(columns):
        pen.text((left + j * (side + 2) + side // 2, 2), heading, fill="black", font=font, anchor="mt")
    for i, heading in enumerate(rows):
        pen.multiline_text((left - 5, top + i * (side + 2) + side // 2), heading, fill="black", font=font, anchor="rm", align="right")
        for j in range(len(columns)):
            picture = Image.fromarray(pixels[i, j])
            picture = picture if picture.width == side else picture.resize((side, side), Image.LANCZOS)
            page.paste(picture, (left + j * (side + 2), top + i * (side + 2)))
    return page


def save_png(image: Image.Image, file: Path, largest: int):
    """Writes a PNG of at most ``largest`` bytes, with as many colours of a palette as fit."""
    for colours in COLOURS:
        buffer = io.BytesIO()
        image.quantize(colours).save(buffer, "PNG", optimize=True)
        if buffer.tell() <= largest:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(buffer.getvalue())
            return
    raise ValueError(f"{file}: {buffer.tell()} bytes with {colours} colours, more than {largest}")
