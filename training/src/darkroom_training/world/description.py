# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""What can be said of a picture without knowing the scene behind it: the caption that a captioner should find, in full and short, and read back.

Two things next to each other are described from left to right: no picture tells "to the left of" from "next to".
"""

import re
from dataclasses import replace

from darkroom_training.world.caption import ADJECTIVES, NUMBERS, PLACES, RELATING, WHEN, caption, plural, spelled
from darkroom_training.world.draw import layout
from darkroom_training.world.scene import COLOURS, NAMES, PLAIN, SETTINGS, Scene

SHORTEST, LONGEST = 2, 5  # words of a short description
SHORT_PLACES = {setting: "in " + setting for setting in SETTINGS} | {"beach": "on beach"}


def as_seen(scene: Scene) -> Scene:
    """Returns the scene as its picture shows it: things beside each other become left and right, in the order in which they stand."""
    if scene.relation != "beside":
        return scene
    left, right = sorted(layout(scene), key=lambda thing: thing.x)
    return replace(scene, relation="left", subject=left.name, colour=left.colour, other=right.name, other_colour=right.colour)


def described(scene: Scene) -> str:
    """Words all that a picture of the scene shows, canonically."""
    return caption(as_seen(scene))


def described_shortly(scene: Scene) -> str:
    """Words a picture in SHORTEST to LONGEST words without articles: ``two red foxes in snow``; the place only where there is room for it."""
    seen = as_seen(scene)
    noun = plural(spelled(seen.subject)) if seen.count > 1 else spelled(seen.subject)
    if seen.other:
        what = f"{noun} {'above' if seen.relation == 'above' else 'and'} {spelled(seen.other)}"
    else:
        what = " ".join(filter(None, (NUMBERS.get(seen.count), seen.colour, noun)))
    place = SHORT_PLACES.get(seen.setting) or "on " + seen.setting.split()[1]
    placed = f"{what} {place}"
    return placed if len(placed.split()) <= LONGEST else what


def _alternatives(values):
    return "|".join(sorted(map(re.escape, values), key=len, reverse=True))


_NOUNS = {spelled(name): name for name in NAMES}
_PLURALS = {plural(word): name for word, name in _NOUNS.items()}
_WHERE = {PLACES[setting][0]: setting for setting in SETTINGS} | {f"on a plain {colour} background": f"plain {colour}" for colour in PLAIN}
_WHEN = {words[0]: time for time, words in WHEN.items() if words[0]}
_RELATIONS = {words[0]: relation for relation, words in RELATING.items()}
_COUNTS = {word: count for count, word in NUMBERS.items()}
_THING = r"(?P<{0}number>an?|two|three) (?:(?P<{0}size>{1}) )?(?:(?P<{0}colour>{2}) )?(?P<{0}noun>{3})"
_CAPTION = re.compile(
    _THING.format("", _alternatives(words[0] for words in ADJECTIVES.values()), _alternatives(COLOURS), _alternatives((*_NOUNS, *_PLURALS)))
    + f"(?: (?P<relation>{_alternatives(_RELATIONS)}) "
    + rf"an? (?:(?P<other_colour>{_alternatives(COLOURS)}) )?(?P<other>{_alternatives(_NOUNS)}))?"
    + f" (?P<place>{_alternatives(_WHERE)})(?: (?P<when>{_alternatives(_WHEN)}))?"
)


def read(words: str) -> Scene | None:
    """Reads a canonical caption back into a scene with the seed 0; None where it is none."""
    found = _CAPTION.fullmatch(words)
    if not found:
        return None
    count = _COUNTS.get(found["number"], 1)
    names = _PLURALS if count > 1 else _NOUNS
    if found["noun"] not in names:
        return None
    return Scene(
        subject=names[found["noun"]], setting=_WHERE[found["place"]], time=_WHEN.get(found["when"], "day"), colour=found["colour"], size=found["size"],
        count=count, relation=_RELATIONS.get(found["relation"]), other=_NOUNS.get(found["other"]), other_colour=found["other_colour"],
    )  # fmt: skip
