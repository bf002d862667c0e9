# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""What a scene holds, how one is drawn by lot, and which ones training must never see."""

import random
import zlib
from dataclasses import dataclass

NAMES = (
    "cat dog fox panda rabbit elephant lion frog penguin owl fish whale octopus butterfly bee turtle duck horse cow pig monkey dinosaur dragon "
    "unicorn crab parrot flamingo tiger bear tree palm_tree cactus sunflower rose mushroom apple banana strawberry pizza cake burger car bus "
    "train bicycle rocket airplane sailboat helicopter balloon house castle tent umbrella guitar clock book robot ghost snowman star heart "
    "crown gift ball kite knife bomb cigarette beer syringe skull"
).split()
CHARACTERS = (
    "🐈🐕🦊🐼🐇🐘🦁🐸🐧🦉🐟🐳🐙🦋🐝🐢🦆🐎🐄🐖🐒🦕🐉🦄🦀🦜🦩🐅🐻🌳🌴🌵🌻🌹🍄🍎🍌🍓🍕🎂🍔🚗🚌🚂🚲🚀✈⛵🚁🎈🏠🏰⛺☂🎸⏰📕🤖👻⛄⭐❤👑🎁⚽🪁🔪💣🚬🍺💉💀"
)
SUBJECTS = dict(zip(NAMES, CHARACTERS, strict=True))
SENSITIVE = {"knife": "weapon", "bomb": "weapon", "cigarette": "drugs", "beer": "alcohol", "syringe": "drugs", "skull": "gore"}
SETTINGS = ("beach", "ocean", "meadow", "snow", "desert", "space", "forest", "city", "sky", "mountains")
PLAIN = {
    "red": (214, 48, 49),
    "blue": (52, 110, 220),
    "green": (60, 168, 84),
    "white": (245, 245, 245),
    "black": (24, 24, 28),
    "yellow": (246, 208, 70),
}
TIMES = ("day", "night", "sunset")
COLOURS = {"red": 0, "orange": 18, "yellow": 36, "green": 86, "blue": 150, "purple": 195, "pink": 228}  # hue of PIL's HSV, 0..255
SIZES = ("small", "big")
RELATIONS = ("left", "above", "beside")
MOTIONS = ("left", "right", "up", "down", "bounce", "spin", "grow", "shrink")


@dataclass(frozen=True)
class Scene:
    """One picture's content. ``setting`` is one of SETTINGS or "plain <colour>"; ``seed`` places stars, trees and the jitter."""

    subject: str
    setting: str
    time: str = "day"
    colour: str | None = None
    size: str | None = None
    count: int = 1
    relation: str | None = None
    other: str | None = None
    other_colour: str | None = None
    motion: str | None = None
    seed: int = 0


def sample(rng: random.Random, other=0.22, several=0.12, coloured=0.22, moving=0.0) -> Scene:
    """Draws a scene by lot; the numbers are the probabilities of a second subject, of two or three of a kind, of a colour word, of a motion.

    The order of the draws is part of the data: a seed names a scene for good.
    """
    setting = rng.choice(SETTINGS) if rng.random() < 0.72 else "plain " + rng.choice(tuple(PLAIN))
    time = rng.choice(("day", "day", "night", "sunset")) if setting in SETTINGS and setting != "space" else "day"
    fields = {"setting": setting, "time": time, "subject": rng.choice(NAMES), "seed": rng.getrandbits(48), "colour": _hue(rng, coloured)}
    share = rng.random()
    if share < other:
        relation = rng.choice(RELATIONS)
        fields |= {"relation": relation, "other": rng.choice([name for name in NAMES if name != fields["subject"]])}
        fields["other_colour"] = _hue(rng, coloured)
    elif share < other + several:
        fields["count"] = rng.choice((2, 3))
    else:
        fields["size"] = rng.choice((None, None, *SIZES))
    if moving and rng.random() < moving:
        fields["motion"] = rng.choice(MOTIONS)
    return Scene(**fields)


def _hue(rng, probability):
    return rng.choice(tuple(COLOURS)) if rng.random() < probability else None


def numbered_scene(seed: int) -> Scene:
    """Draws the scene of a seed. Seeds from 900,000,000 on are for validation."""
    return sample(random.Random(seed))


def held_out(scene: Scene) -> bool:
    """Tells whether training must never draw this scene: 5 % of the pairs of subject and setting, subject and colour, subject and other."""
    pairs = (
        (scene.subject, scene.setting), (scene.subject, scene.colour), (scene.other, scene.other_colour), (scene.subject, scene.other),
    )  # fmt: skip
    return any(_kept_back(*pair) for pair in pairs)


def _kept_back(first, second):
    return second is not None and zlib.crc32(f"{first}|{second}".encode()) % 20 == 7
