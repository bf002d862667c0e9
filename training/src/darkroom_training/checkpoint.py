# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Training state on disk: written whole or not at all."""

from pathlib import Path

import torch


def save(file: Path, state: dict):
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(file)


def load(file: Path) -> dict | None:
    return torch.load(file, weights_only=True, map_location="cpu") if file.exists() else None
