# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures that took long to make, kept under a digest of everything that decides them: evaluations share them and go on after a stop."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

DECIDING = {".safetensors", ".json", ".txt"}  # of a model folder: weights, configurations, vocabularies; not cards, sheets and graphs
NOT_DECIDING = {"generation_defaults.json", "concepts.json", "caption_calibration.json"}


def digest_of(*parts: object) -> str:
    """SHA-256 of values that JSON can hold, 64 hexadecimal digits."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def model_digest(folder: Path) -> str:
    """SHA-256 over the names and bytes of the files that decide what a model folder computes; not the digest that services report."""
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.suffix in DECIDING and path.name not in NOT_DECIDING):
        for part in (str(file.relative_to(folder)).encode(), file.read_bytes()):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def pixels_digest(pixels: np.ndarray) -> str:
    return hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()


class PictureCache:
    """A folder of ``.npz`` files with one array ``pixels`` (N, H, W, 3) uint8 each."""

    def __init__(self, folder: Path):
        self.folder = folder

    def file(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.npz"

    def load(self, key: str) -> np.ndarray | None:
        file = self.file(key)
        return np.load(file)["pixels"] if file.exists() else None

    def save(self, key: str, pixels: np.ndarray):
        file = self.file(key)
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial.npz")
        np.savez_compressed(partial, pixels=pixels)
        partial.replace(file)

    def get(self, key: str, make: Callable[[], np.ndarray]) -> np.ndarray:
        """Returns the pictures of a key, making them at the first time."""
        pixels = self.load(key)
        if pixels is None:
            pixels = make()
            self.save(key, pixels)
        return pixels
