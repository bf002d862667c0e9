# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Small ICC profiles (ICC.1:2001-04) that move colours visibly, for record_pictures."""

import itertools
import struct

import numpy as np
from PIL import Image, ImageCms

D50 = (0.9642, 1.0, 0.8249)
# Red, green and blue of a wide display, adapted to D50.
PRIMARIES = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
GAMMA = 1.8


def fixed(*numbers: float) -> bytes:
    return struct.pack(f">{len(numbers)}i", *(round(number * 65536) for number in numbers))


def xyz(numbers: tuple[float, ...]) -> bytes:
    return b"XYZ \0\0\0\0" + fixed(*numbers)


def text(words: bytes) -> bytes:
    return b"text\0\0\0\0" + words + b"\0"


def description(words: bytes) -> bytes:
    return b"desc\0\0\0\0" + struct.pack(">I", len(words) + 1) + words + b"\0" + bytes(4 + 4 + 2 + 1 + 67)


def curve() -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(GAMMA * 256))


def profile(kind: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    tags = {b"desc": description(b"A test"), b"cprt": text(b"CC0"), b"wtpt": xyz(D50), **tags}
    table, data, start = b"", b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += name + struct.pack(">II", start + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    head = struct.pack(">I4sI4s4s4s6H4s", start + len(data), bytes(4), 0x02100000, kind, space, connection, 2020, 1, 1, 0, 0, 0, b"acsp")
    return (head + bytes(28) + fixed(*D50)).ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data


def rgb_profile() -> bytes:
    colours = {bytes((letter,)) + b"XYZ": xyz(primary) for letter, primary in zip(b"rgb", PRIMARIES, strict=True)}
    return profile(b"mntr", b"RGB ", b"XYZ ", colours | {bytes((letter,)) + b"TRC": curve() for letter in b"rgb"})


def grey_profile() -> bytes:
    return profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": curve()})


def cmyk_profile() -> bytes:
    """Eight-bit table of two steps an ink: the corners as Pillow mixes them, on yellowish paper."""
    corners = np.array(list(itertools.product((0, 255), repeat=4)), np.uint8)[None]
    light = (255 - corners[..., :3].astype(int)) * (255 - corners[..., 3:].astype(int)) // 255
    rgb = Image.fromarray((light * [0.95, 0.93, 0.8]).astype(np.uint8))
    lab = ImageCms.profileToProfile(rgb, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB")
    stored = (np.asarray(lab).astype(int) + [0, 128, 128]) % 256  # Pillow keeps a and b as signed bytes
    straight = bytes(range(256))
    table = struct.pack(">BBBB", 4, 3, 2, 0) + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    table += 4 * straight + stored.astype(np.uint8).tobytes() + 3 * straight
    return profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": b"mft1\0\0\0\0" + table})
