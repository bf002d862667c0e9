# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Writes the files of ImageDecoderTest that Java cannot write, and what Pillow and transformers make of pictures.

    inference/src/test/resources/pictures/NAME          a file
    inference/src/test/resources/pictures/NAME.png      its pixels as Pillow decodes them: in sRGB, over white, upright
    inference/src/test/resources/pictures/versions.json
    inference/src/test/resources/golden/pictures.json   resized pictures, and pixel values of transformers' image processors

Run as ``python -m darkroom_training.record_pictures`` from the root of the repository.
"""

import base64
import io
import json
import shutil
import struct
from pathlib import Path

import numpy as np
import PIL
import transformers
from PIL import Image, ImageCms, ImageDraw, ImageOps

from darkroom_training.record_profiles import cmyk_profile, grey_profile, rgb_profile

RESOURCES = Path("inference/src/test/resources")
FOLDER = RESOURCES / "pictures"
WIDTH, HEIGHT = 45, 34

CMYK_TO_YCC = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])

# Width, height, and the sizes that a picture is brought to: down, up, one of each, odd, to a single pixel.
RESIZED = (
    ((50, 37), ((16, 12), (61, 41), (7, 40), (70, 9))),
    ((37, 91), ((5, 11), (38, 92))),
    ((200, 160), ((23, 17),)),
    ((9, 13), ((31, 29), (1, 1), (9, 5))),
    ((1, 3), ((4, 2),)),
)
SMALL = {"size": {"height": 8, "width": 9}}
PROCESSORS = (
    ("CLIPImageProcessor", {"size": {"shortest_edge": 8}, "crop_size": {"height": 8, "width": 8}}),
    ("CLIPImageProcessor", {"size": 8, "crop_size": 8}),
    ("CLIPImageProcessor", {"size": {"shortest_edge": 6}, "crop_size": {"height": 9, "width": 8}}),
    ("CLIPImageProcessor", {"size": {"height": 7, "width": 9}, "do_center_crop": False, "resample": 2}),
    ("CLIPImageProcessor", {"size": 8, "crop_size": 8, "do_normalize": False, "resample": 1}),
    ("CLIPImageProcessor", {"do_resize": False, "crop_size": 7, "do_rescale": False, "image_mean": [90.0, 80.0, 70.0], "image_std": [9.0, 8.0, 7.0]}),
    ("BitImageProcessor", {"size": 9, "crop_size": 8}),
    ("ViTImageProcessor", {"size": 8}),
    ("ViTImageProcessor", {**SMALL, "resample": 5, "image_mean": 0.25, "image_std": 0.75}),
    ("DeiTImageProcessor", {"size": 10, "crop_size": {"height": 7, "width": 8}}),
    ("BlipImageProcessor", SMALL),
    ("SiglipImageProcessor", {**SMALL, "rescale_factor": 1 / 127.5, "image_mean": [1.0, 1.0, 1.0], "image_std": [1.0, 1.0, 1.0]}),
    ("SiglipImageProcessor", {**SMALL, "resample": 0}),
    ("DetrImageProcessor", {"size": {"shortest_edge": 8, "longest_edge": 100}}),
    ("DetrImageProcessor", {"size": {"shortest_edge": 8, "longest_edge": 10}, "pad_size": {"height": 13, "width": 12}}),
)
# The whole of the file that the first ViT-GPT2 came with, but for its size.
VIT_GPT2 = {"do_normalize": True, "do_resize": True, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "resample": 2, "size": 8}


def ripples(width: int, height: int) -> Image.Image:
    """Slopes, ripples and squares, of whole numbers only, so that a test can draw the same."""
    y, x = np.mgrid[:height, :width]
    return Image.fromarray(np.stack([(x * 5 + y * 3) % 256, x * y % 251, (x // 4 + y // 4) % 2 * 200 + x % 50], axis=-1).astype(np.uint8))


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


def expected(name: str, profile: bytes | None = None) -> Image.Image:
    image = Image.open(FOLDER / name)
    profile = profile or image.info.get("icc_profile")
    image = ImageOps.exif_transpose(image)
    if image.mode == "I;16":
        image = Image.fromarray((np.asarray(image) / 257).round().astype(np.uint8))
    if image.mode == "P" and profile:
        image = image.convert("RGB")
    if profile:
        image = ImageCms.profileToProfile(image, io.BytesIO(profile), ImageCms.createProfile("sRGB"), outputMode="RGB")
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def save(image: Image.Image, name: str, profile: bytes | None = None, **how):
    image.save(FOLDER / name, **how)
    expected(name, profile).save(FOLDER / f"{name}.png", optimize=True)


def written(name: str, file: bytes, profile: bytes | None = None):
    (FOLDER / name).write_bytes(file)
    expected(name, profile).save(FOLDER / f"{name}.png", optimize=True)


def sideways() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def webp(image: Image.Image, transparent: Image.Image):
    save(image, "lossy.webp", quality=90)
    save(image, "metadata.webp", quality=90, exif=sideways().tobytes(), xmp=b"<x/>")
    save(image, "lossless.webp", lossless=True)
    save(image, "profile.webp", lossless=True, icc_profile=rgb_profile())
    save(transparent, "lossy-alpha.webp", quality=90)
    save(transparent, "lossless-alpha.webp", lossless=True, exact=True)
    Image.new("RGB", (512, 512), (9, 99, 200)).save(FOLDER / "plain.webp", lossless=True)
    image.save(FOLDER / "animation.webp", save_all=True, append_images=[image.rotate(180)], lossless=True)


def jpeg(image: Image.Image):
    save(image, "sideways.jpg", quality=95, subsampling=0, exif=sideways())
    save(image, "progressive.jpg", quality=95, progressive=True)
    save(image, "profile.jpg", quality=95, subsampling=0, icc_profile=rgb_profile())
    save(image.convert("CMYK"), "cmyk.jpg", quality=90)
    save(image.convert("CMYK"), "cmyk-profile.jpg", quality=90, icc_profile=cmyk_profile())
    written("ycck.jpg", ycck(image))


def ycck(image: Image.Image) -> bytes:
    """Pillow writes no YCCK: the same numbers as CMYK, and another byte in the marker. It stores 255 less ink."""
    inks = np.asarray(image.convert("CMYK")).astype(float)
    inks[..., 3] = 40
    luma = inks[..., :3] @ CMYK_TO_YCC.T + [0, 128, 128]
    stored = np.concatenate([luma, 255 - inks[..., 3:]], axis=-1).round().clip(0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(255 - stored, "CMYK").save(file, "JPEG", quality=95)
    marker = file.getvalue().index(b"Adobe")
    return file.getvalue()[: marker + 11] + b"\2" + file.getvalue()[marker + 12 :]


def png(image: Image.Image):
    image.save(FOLDER / "animation.png", save_all=True, append_images=[image.rotate(180)])
    save(image, "sideways.file.png", exif=sideways())
    save(image, "profile.file.png", icc_profile=rgb_profile())
    save(image.convert("L"), "grey-profile.file.png", icc_profile=grey_profile())
    save(image.quantize(16), "palette-profile.file.png", icc_profile=rgb_profile())


def gif(image: Image.Image, transparent: Image.Image):
    save(image, "frames.gif", save_all=True, append_images=[image.rotate(180)])
    save(image.convert("L"), "plain.gif", interlace=0)
    save(transparent.point(lambda level: level & 224), "transparent.gif")


def tiff(image: Image.Image, transparent: Image.Image):
    deep = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    save(image, "pages.tif", save_all=True, append_images=[image.rotate(180)])
    save(image, "big-endian.tif", big_endian=True)
    save(image, "lzw.tif", compression="tiff_lzw")
    save(image, "predictor.tif", compression="tiff_adobe_deflate", tiffinfo={317: 2})
    save(image, "packbits.tif", compression="packbits")
    save(image, "jpeg.tif", compression="jpeg", quality=95)
    save(image.convert("YCbCr"), "ycbcr.tif")
    save(image, "sideways.tif", exif=sideways())
    save(image, "profile.tif", icc_profile=rgb_profile())
    save(image.convert("1"), "group4.tif", compression="group4")
    save(image.convert("1"), "group3.tif", compression="group3")
    save(image.quantize(16), "palette.tif")
    save(image.convert("L"), "white-is-zero.tif", tiffinfo={262: 0})
    save(deep, "deep.tif", compression="tiff_adobe_deflate")
    save(image.convert("CMYK"), "cmyk.tif", compression="tiff_lzw")
    save(image.convert("CMYK"), "cmyk-profile.tif", icc_profile=cmyk_profile())
    save(transparent, "alpha.tif", compression="tiff_lzw")
    stored = np.asarray(transparent).astype(int)
    stored[..., :3] = (stored[..., :3] * stored[..., 3:] + 127) // 255
    written("associated.tif", extra_sample(Image.fromarray(stored.astype(np.uint8)), 1))
    written("unspecified.tif", extra_sample(transparent, 0))


def extra_sample(image: Image.Image, kind: int) -> bytes:
    """Pillow always writes 2 for the kind of the fourth sample."""
    file = io.BytesIO()
    image.save(file, "TIFF")
    return file.getvalue().replace(struct.pack("<HHII", 338, 3, 1, 2), struct.pack("<HHII", 338, 3, 1, kind))


def bmp(image: Image.Image, transparent: Image.Image):
    save(image, "rgb.bmp")
    save(image.convert("1"), "bilevel.bmp")
    save(image.quantize(16), "palette.bmp")
    pixels = np.asarray(image)
    words = (pixels[..., 0] >> 3).astype("<u2") << 11 | (pixels[..., 1] >> 2).astype("<u2") << 5 | pixels[..., 2] >> 3
    padded = np.pad(words, ((0, 0), (0, WIDTH % 2)))
    written("words-from-the-top.bmp", bmp_file(-HEIGHT, 16, 3, struct.pack("<3I", 0xF800, 0x07E0, 0x1F), padded.astype("<u2").tobytes()))
    grey = np.asarray(image.convert("L")) // 64
    runs = b"".join(b"".join(run_lengths(row)) + b"\0\0" for row in grey[::-1]) + b"\0\1"
    written("runs.bmp", bmp_file(HEIGHT, 8, 1, bytes(level for grey in (0, 80, 160, 255) for level in (grey, grey, grey // 2, 0)), runs))
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    space = b"DEBM" + bytes(48) + struct.pack("<4I", 4, 124, len(rgb_profile()), 0)
    data = np.asarray(transparent)[::-1, :, [2, 1, 0, 3]].tobytes()
    written("alpha.bmp", bmp_file(HEIGHT, 32, 3, masks + b"BGRs" + bytes(48) + struct.pack("<4I", 4, 0, 0, 0), data, 124))
    opaque = np.concatenate([pixels, np.full((HEIGHT, WIDTH, 1), 255, np.uint8)], axis=-1)[::-1, :, [2, 1, 0, 3]].tobytes()
    linked = bmp_file(HEIGHT, 32, 3, masks + space + rgb_profile(), opaque, 124)
    written("profile.bmp", linked, rgb_profile())


def run_lengths(row: np.ndarray) -> list[bytes]:
    """Pixels as they are for the first eight, then runs."""
    parts, start = [b"\0\x08" + row[:8].tobytes()], 8
    while start < len(row):
        end = start + 1
        while end < len(row) and row[end] == row[start]:
            end += 1
        parts.append(bytes((end - start, row[start])))
        start = end
    return parts


def bmp_file(height: int, bits: int, compression: int, behind: bytes, data: bytes, header: int = 40) -> bytes:
    start = 14 + 40 + len(behind)
    head = b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start)
    return head + struct.pack("<IiiHHIIiiII", header, WIDTH, height, 1, bits, compression, len(data), 2835, 2835, 0, 0) + behind + data


def resized(width: int, height: int, to: tuple[int, int], resample: int) -> dict:
    pixels = np.asarray(ripples(width, height).resize(to, resample))
    text = base64.b64encode(pixels.tobytes()).decode()
    return {"width": width, "height": height, "to_width": to[0], "to_height": to[1], "resample": resample, "rgb": text}


def processed(name: str, config: dict, width: int, height: int, saved: dict | None = None) -> dict:
    processor = getattr(transformers, name)(**config)
    values = processor(ripples(width, height), return_tensors="np")["pixel_values"].astype("<f4")
    text = base64.b64encode(values.tobytes()).decode()
    config = {**config, "image_processor_type": name} if saved is None else saved
    return {"class": name, "config": config, "width": width, "height": height, "shape": list(values.shape), "values": text}


def golden() -> dict:
    sizes = ((50, 37), (37, 91))
    defaults = {
        name: {key: value for key, value in json.loads(getattr(transformers, name)().to_json_string()).items() if not key.startswith("_")}
        for name in dict(PROCESSORS)
    }
    return {
        "script": "training/src/darkroom_training/record_pictures.py",
        "versions": {"pillow": PIL.__version__, "transformers": transformers.__version__},
        "resized": [resized(*size, to, resample) for size, targets in RESIZED for to in targets for resample in range(6)],
        "defaults": defaults,
        "pixel_values": [
            *(processed(name, config, *size) for name, config in PROCESSORS for size in sizes),
            *(processed("ViTImageProcessor", VIT_GPT2, *size, saved=VIT_GPT2) for size in sizes),
        ],
    }


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    image, transparent = picture(), with_alpha(picture())
    webp(image, transparent)
    jpeg(image)
    png(image)
    gif(image, transparent)
    tiff(image, transparent)
    bmp(image, transparent)
    versions = {"script": "training/src/darkroom_training/record_pictures.py", "pillow": PIL.__version__}
    (FOLDER / "versions.json").write_text(json.dumps(versions) + "\n")
    (RESOURCES / "golden/pictures.json").write_text(json.dumps(golden(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
