# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Writes the pictures of ImageDecoderTest that Java cannot write, and what Pillow decodes them to.

    inference/src/test/resources/pictures/NAME      a file
    inference/src/test/resources/pictures/NAME.png  its pixels as Pillow decodes them, over white, upright
    inference/src/test/resources/pictures/versions.json

Run as ``python -m darkroom_training.record_pictures`` from the root of the repository.
"""

import json
from pathlib import Path

import numpy as np
import PIL
from PIL import Image, ImageDraw, ImageOps

FOLDER = Path("inference/src/test/resources/pictures")
WIDTH, HEIGHT = 45, 34


def picture() -> Image.Image:
    """A disc on a gradient: smooth parts and edges."""
    across, down = np.linspace(0, 255, WIDTH)[None, :], np.linspace(0, 255, HEIGHT)[:, None]
    pixels = np.stack([across + 0 * down, down + 0 * across, 255 - across / 2 - down / 2], axis=-1).astype(np.uint8)
    image = Image.fromarray(pixels)
    ImageDraw.Draw(image).ellipse((6, 5, 30, 27), fill=(200, 30, 60))
    return image


def with_alpha(image: Image.Image) -> Image.Image:
    alpha = np.broadcast_to(np.linspace(0, 255, WIDTH).astype(np.uint8), (HEIGHT, WIDTH))
    return Image.merge("RGBA", (*image.split(), Image.fromarray(alpha.copy())))


def over_white(image: Image.Image) -> Image.Image:
    image = ImageOps.exif_transpose(image).convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    image, transparent = picture(), with_alpha(picture())
    held_sideways = Image.Exif()
    held_sideways[0x0112] = 6
    image.save(FOLDER / "lossy.webp", quality=90)
    image.save(FOLDER / "metadata.webp", quality=90, exif=held_sideways.tobytes(), xmp=b"<x/>")
    image.save(FOLDER / "lossless.webp", lossless=True)
    transparent.save(FOLDER / "lossy-alpha.webp", quality=90)
    transparent.save(FOLDER / "lossless-alpha.webp", lossless=True, exact=True)
    Image.new("RGB", (512, 512), (9, 99, 200)).save(FOLDER / "plain.webp", lossless=True)
    image.save(FOLDER / "animation.webp", save_all=True, append_images=[image.rotate(180)], lossless=True)
    image.convert("CMYK").save(FOLDER / "cmyk.jpg", quality=90)
    image.save(FOLDER / "sideways.jpg", quality=95, subsampling=0, exif=held_sideways)
    image.save(FOLDER / "progressive.jpg", quality=95, progressive=True)
    image.save(FOLDER / "animation.png", save_all=True, append_images=[image.rotate(180)])
    for name in ("lossy.webp", "lossless.webp", "lossy-alpha.webp", "lossless-alpha.webp", "sideways.jpg", "progressive.jpg"):
        over_white(Image.open(FOLDER / name)).save(FOLDER / f"{name}.png", optimize=True)
    versions = {"script": "training/src/darkroom_training/record_pictures.py", "pillow": PIL.__version__}
    (FOLDER / "versions.json").write_text(json.dumps(versions) + "\n")


if __name__ == "__main__":
    main()
