# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Parts that the model cards have in common."""

import json
from pathlib import Path

import numpy as np

from darkroom_training.export import header
from darkroom_training.shares import worded

NAMES = {"other": "second subject"}  # of a scene's fields, where a card calls them otherwise
LICENCE = """## Licence

Weights: Apache-2.0. The sprites it was trained on are Noto Color Emoji's, (c) Google, SIL Open Font License 1.1; the font is not in this folder."""


def table(heading: list[str], rows: list[list[str]], numbers_from: int = 1) -> str:
    """Lays rows out as a Markdown table; columns from ``numbers_from`` on are set right."""
    rule = ["---" if i < numbers_from else "---:" for i in range(len(heading))]
    return "\n".join("| " + " | ".join(row) + " |" for row in (heading, rule, *rows))


def shares_table(columns: dict[str, dict[str, dict[str, float]]]) -> str:
    """One column per set, one row per question; a question that a set does not ask is a dash."""
    names = list(dict.fromkeys(name for shares in columns.values() for name in shares))
    cell = {True: lambda share: worded(share), False: lambda _: "-"}
    rows = [[NAMES.get(name, name), *(cell[name in shares](shares.get(name)) for shares in columns.values())] for name in names]
    return table(["", *columns], rows)


def parameters(component: Path) -> int:
    """Counts the numbers in a component's safetensors files."""
    entries = [entry for file in component.glob("*.safetensors") for entry in header(file)[1].values()]
    return sum(int(np.prod(entry["shape"])) for entry in entries)


def megabytes(component: Path) -> float:
    return sum(file.stat().st_size for file in component.glob("*.safetensors")) / 1e6


def denoiser(folder: Path) -> str:
    """Returns what a diffusers folder calls its denoiser."""
    return "unet" if (folder / "unet").is_dir() else "transformer"


def components(folder: Path) -> str:
    """The networks of a diffusers folder with their sizes."""
    index = json.loads((folder / "model_index.json").read_text())
    rows = [
        [f"`{name}`", index[name][1], f"{parameters(folder / name) / 1e6:.2f} M", f"{megabytes(folder / name):.1f} MB float16"]
        for name in ("text_encoder", denoiser(folder), "vae")
    ]  # fmt: skip
    return table(["component", "class", "parameters", "file"], rows, 2)


def scheduler(folder: Path) -> str:
    config = json.loads((folder / "scheduler/scheduler_config.json").read_text())
    terminal = "zero terminal SNR, " if config.get("rescale_betas_zero_snr") else ""
    return f"{config['_class_name']}, {config['prediction_type']}, {terminal}{config['timestep_spacing']} spacing"


def trained(training: dict) -> str:
    return f"""## Training

{training["method"]}

```
{training["command"]}
```

Cost: {training["cost"]}"""


def precision(sampling: dict) -> str:
    """Says so where pictures were not made in the precision that is served."""
    return "" if sampling["dtype"] == "float32" else " Networks but the VAE ran in bfloat16 for this."
