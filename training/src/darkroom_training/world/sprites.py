# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""The subjects' pictures, cut from the Noto Color Emoji font (SIL Open Font License)."""

import functools
import os
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from darkroom_training.world.scene import COLOURS, SUBJECTS

DEBIAN_FONT = "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
STRIKE = 109  # the font's bitmap size in px


def font_file() -> Path:
    """Finds the font: DARKROOM_FONT, or where Debian's package puts it."""
    path = Path(os.environ.get("DARKROOM_FONT", DEBIAN_FONT))
    if not path.is_file():
        raise SystemExit(
            f"Noto Color Emoji is not at {path}. Install it (Debian, Ubuntu: apt-get install fonts-noto-color-emoji) "
            "or name the file NotoColorEmoji.ttf in DARKROOM_FONT."
        )
    return path


@functools.cache
def sprite(name: str, colour: str | None = None) -> Image.Image:
    """Cuts a subject out as an RGBA picture, tinted where a colour is named."""
    tile = Image.new("RGBA", (150, 150), (0, 0, 0, 0))
    font = ImageFont.truetype(str(font_file()), STRIKE)
    ImageDraw.Draw(tile).text((0, 0), SUBJECTS[name], font=font, embedded_color=True)
    tile = tile.crop(tile.getbbox())
    return tinted(tile, COLOURS[colour]) if colour else tile


def tinted(tile: Image.Image, hue: int) -> Image.Image:
    """Turns every pixel to one hue (0..255); near-black outlines keep their saturation."""
    _, saturation, value = np.moveaxis(np.asarray(tile.convert("RGB").convert("HSV")).astype(int), 2, 0)
    saturation = np.where(value > 60, np.clip(saturation * 0.55 + 120, 0, 255), saturation)
    hsv = np.stack([np.full_like(value, hue), saturation, value], 2).astype(np.uint8)
    picture = Image.fromarray(hsv, "HSV").convert("RGB")
    picture.putalpha(tile.getchannel("A"))
    return picture
