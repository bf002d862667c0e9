# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""The graph of an interpolation folder: ``model.onnx`` over its ``model.safetensors``.

img0, img1 (B, 3, H, W) in 0..1, H and W multiples of 8, timestep (B, 1, 1, 1) in 0..1 -> output (B, 3, H, W) in 0..1
"""

from collections.abc import Iterator
from pathlib import Path

import torch

from darkroom_training.export import Graph
from darkroom_training.interpolation import load


def interpolation_graphs(folder: Path) -> Iterator[tuple[Graph, list[Path]]]:
    noise = torch.Generator().manual_seed(0)
    inputs = {name: torch.rand(2, 3, 32, 48, generator=noise) for name in ("img0", "img1")} | {"timestep": torch.tensor([0.3, 0.7]).view(2, 1, 1, 1)}
    picture = {0: "batch_size", 2: "height", 3: "width"}
    axes = {"img0": picture, "img1": picture, "timestep": {0: "batch_size"}, "output": picture}
    yield Graph(folder / "model.onnx", load(folder), inputs, axes, ["output"]), [folder / "model.safetensors"]
