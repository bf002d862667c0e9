# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Written prompts, each with what its picture should show.

The lists are text files beside this one. A line is ``prompt | field=value, field=value``, fields and values those of ``Scene``; only what a line
names is asked of its picture. ``[category]`` opens a category, ``#`` a comment.
"""

from dataclasses import dataclass
from pathlib import Path

from darkroom_training.judge import CLASSES, verdict
from darkroom_training.world import Scene
from darkroom_training.world.scene import RELATIONS

QUESTIONS = {
    "subject": "subject", "setting": "setting", "time": "time", "colour": "colour", "count": "count", "other": "second subject", "relation": "relation",
}  # fmt: skip
VALUES = {
    "subject": CLASSES["first"], "other": CLASSES["first"], "setting": CLASSES["setting"], "time": CLASSES["time"], "colour": CLASSES["colour"][1:],
    "count": CLASSES["count"], "relation": list(RELATIONS),
}  # fmt: skip


@dataclass(frozen=True)
class Prompt:
    """A text, the scene that it describes, and the questions that its picture is asked; a scene's unnamed fields mean nothing."""

    category: str
    text: str
    scene: Scene
    asked: frozenset[str]

    def verdict(self, seen: dict[str, object]) -> dict[str, bool]:
        """Compares what the judge sees with the scene, as ``judge.verdict`` does."""
        return {name: right for name, right in verdict(self.scene, seen).items() if name in self.asked}


def prompt_of(category: str, line: str) -> Prompt:
    """Reads one line."""
    text, _, expected = (part.strip() for part in line.partition("|"))
    fields = dict(part.strip().split("=") for part in expected.split(","))
    if "count" in fields:
        fields["count"] = int(fields["count"])
    for name, value in fields.items():
        if value not in VALUES.get(name, ()):
            raise ValueError(f"{line}: {name}={value} is not of this world")
    if "subject" not in fields or ("relation" in fields) > ("other" in fields):
        raise ValueError(f"{line}: a subject is needed, and a second one for a relation")
    defaults = {"setting": "meadow"} | ({"relation": "beside"} if "other" in fields else {})
    return Prompt(category, text, Scene(**defaults | fields), frozenset(QUESTIONS[name] for name in fields))


def read(name: str) -> list[Prompt]:
    """Reads the list ``<name>.txt``."""
    prompts, category = [], name
    for line in (Path(__file__).parent / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            category = line.strip("[]")
        elif line and not line.startswith("#"):
            prompts.append(prompt_of(category, line))
    return prompts
