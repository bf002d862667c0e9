# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Writes what golden-metrics.json lacks for the tests of evaluation, computed with numpy straight from the definitions, pair by pair.

    evaluation/src/test/resources/manifold-metrics.json   precision and recall, density and coverage, CMMD, KID over drawn blocks
    evaluation/src/test/resources/graphs                  networks of a few nodes

Run as ``python -m darkroom_training.record_metrics`` from the root of the repository.
"""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

RESOURCES = Path("evaluation/src/test/resources")


def lcg(seed: int, rows: int, columns: int, scale: float, shift: float) -> np.ndarray:
    """The generator of golden-metrics.json."""
    cells, state = [], seed
    for _ in range(rows * columns):
        state = (1664525 * state + 1013904223) % 2**32
        cells.append(state / 2**32 * scale + shift)
    return np.array(cells).reshape(rows, columns)


def distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.sqrt(((x[:, None, :] - y[None, :, :]) ** 2).sum(-1))


def radii(x: np.ndarray, k: int) -> np.ndarray:
    return np.sort(distances(x, x), axis=1)[:, k]  # column 0 is the feature itself


def manifold(real: np.ndarray, fake: np.ndarray, k: int) -> dict:
    inside_real = distances(real, fake) <= radii(real, k)[:, None]
    inside_fake = distances(fake, real) <= radii(fake, k)[:, None]
    near = distances(real, fake) < radii(real, k)[:, None]
    return {
        "k": k,
        "precision": inside_real.any(axis=0).mean(),
        "recall": inside_fake.any(axis=0).mean(),
        "density": near.sum(axis=0).mean() / k,
        "coverage": near.any(axis=1).mean(),
    }


def cmmd(x: np.ndarray, y: np.ndarray) -> float:
    x, y = (z / np.linalg.norm(z, axis=1, keepdims=True) for z in (x, y))

    def mean(a: np.ndarray, b: np.ndarray) -> float:
        return np.exp(-(distances(a, b) ** 2) / (2 * 10**2)).mean()

    return 1000 * (mean(x, x) + mean(y, y) - 2 * mean(x, y))


def kid_kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return (x @ y.T / x.shape[1] + 1) ** 3


def kid_blocks(x: np.ndarray, y: np.ndarray, blocks: int, size: int, seed: int) -> dict:
    random = np.random.RandomState(seed)
    values = []
    for _ in range(blocks):
        a = x[random.choice(len(x), size, replace=False)]
        b = y[random.choice(len(y), size, replace=False)]
        own = [(k.sum() - np.trace(k)) / (size * (size - 1)) for k in (kid_kernel(a, a), kid_kernel(b, b))]
        values.append(sum(own) - 2 * kid_kernel(a, b).mean())
    return {"blocks": blocks, "size": size, "seed": seed, "mean": np.mean(values), "std": np.std(values)}


def write_values() -> None:
    x = {"gen": "lcg", "seed": 51, "rows": 60, "cols": 6, "scale": 2.0, "shift": -1.0}
    y = {"gen": "lcg", "seed": 52, "rows": 50, "cols": 6, "scale": 1.6, "shift": -0.6}
    real, fake = (lcg(*(g[key] for key in ("seed", "rows", "cols", "scale", "shift"))) for g in (x, y))
    values = {
        "about": "darkroom_training.record_metrics; numpy " + np.__version__,
        "x": x,
        "y": y,
        "manifold": [manifold(real, fake, k) for k in (1, 3, 5)],
        "cmmd": cmmd(real, fake),
        "kid": kid_blocks(real, fake, 7, 30, 2020),
    }
    (RESOURCES / "manifold-metrics.json").write_text(json.dumps(values, indent=1) + "\n")


def write_graph(name: str, nodes: list, inputs: list, outputs: list, initializers: tuple = ()) -> None:
    graph = helper.make_graph(nodes, name, inputs, outputs, initializer=list(initializers))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    path = RESOURCES / "graphs" / name / "model.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())


def floats(name: str, *shape) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))


def write_graphs() -> None:
    """Networks that see the mean colour: of 8 x 8 pixels, of any size, with two answers, of grey pictures; one that gives a map;
    and two of clips, which see each frame's brightness and the clip's colour."""
    pool = helper.make_node("GlobalAveragePool", ["pixel_values"], ["pooled"])
    flatten = helper.make_node("Flatten", ["pooled"], ["features"])
    write_graph("mean_colour", [pool, flatten], [floats("pixel_values", "n", 3, 8, 8)], [floats("features", "n", 3)])
    write_graph("open_size", [pool, flatten], [floats("pixel_values", 1, 3, "h", "w")], [floats("features", 1, 3)])
    write_graph(
        "two_outputs", [pool, flatten], [floats("pixel_values", "n", 3, 8, 8)], [floats("pooled", "n", 3, 1, 1), floats("features", "n", 3)]
    )
    write_graph("grey", [pool, flatten], [floats("pixel_values", "n", 1, 8, 8)], [floats("features", "n", 1)])
    write_graph("map", [helper.make_node("Identity", ["pixel_values"], ["features"])], [floats("pixel_values", "n", 3, 8, 8)], [floats("features", "n", 3, 8, 8)])
    time = helper.make_node("ReduceMean", ["pixel_values"], ["features"], axes=[1, 3, 4], keepdims=0)
    write_graph("clip_channels_first", [time], [floats("pixel_values", 1, 3, "frames", 8, 8)], [floats("features", 1, "frames")])
    colour = helper.make_node("ReduceMean", ["pixel_values"], ["features"], axes=[1, 3, 4], keepdims=0)
    write_graph("clip_frames_first", [colour], [floats("pixel_values", 1, 2, 3, 8, 8)], [floats("features", 1, 3)])


def main() -> None:
    RESOURCES.mkdir(parents=True, exist_ok=True)
    write_values()
    write_graphs()


if __name__ == "__main__":
    main()
