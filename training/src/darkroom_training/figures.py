# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""What was measured of one model, as a JSON file that grows part by part; the cards are written from it."""

import hashlib
import json
from pathlib import Path


class Figures:
    """``figures.json`` in a folder. Figures of another model, or made with other settings, are dropped: a file never mixes two."""

    def __init__(self, folder: Path, model_digest: str, **settings):
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "figures.json"
        heading = {"model_digest": model_digest, "settings": settings}
        stored = read(folder) if self.file.exists() else {}
        self.values = stored if {name: stored.get(name) for name in heading} == heading else heading

    def put(self, name: str, value: object):
        """Sets one part and writes the file."""
        self.values[name] = value
        self.file.write_text(json.dumps(self.values, indent=1) + "\n", encoding="utf-8")


def read(folder: Path) -> dict:
    return json.loads((folder / "figures.json").read_text(encoding="utf-8"))


def file_digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
