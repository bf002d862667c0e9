# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Words for a scene: canonical, or one of many paraphrases."""

import random

from darkroom_training.world.scene import NAMES, Scene

SYNONYMS = {
    "cat": ["kitten", "kitty"], "dog": ["puppy"], "rabbit": ["bunny"], "car": ["automobile"], "airplane": ["plane"], "sailboat": ["boat"],
    "house": ["home", "cottage"], "bicycle": ["bike"], "gift": ["present"], "ball": ["football"], "train": ["locomotive"], "horse": ["pony"],
    "burger": ["hamburger"], "helicopter": ["chopper"], "dinosaur": ["dino"], "clock": ["alarm clock"], "rocket": ["spaceship"], "palm_tree": ["palm"],
}  # fmt: skip
PLACES = {
    "beach": ["on a beach", "on the beach", "at the seaside"],
    "ocean": ["in the ocean", "at sea", "on the water"],
    "meadow": ["in a meadow", "in a field", "on the grass"],
    "snow": ["in the snow", "on a snowy day", "in snow"],
    "desert": ["in the desert", "in a desert", "on the sand dunes"],
    "space": ["in space", "in outer space", "among the stars"],
    "forest": ["in a forest", "in the woods", "in the forest"],
    "city": ["in a city", "in the city", "downtown"],
    "sky": ["in the sky", "among the clouds", "in the clouds"],
    "mountains": ["in the mountains", "in front of mountains", "near a mountain"],
}
WHEN = {"day": [""], "night": ["at night", "under the night sky", "by night"], "sunset": ["at sunset", "at dusk", "in the evening"]}
ADJECTIVES = {"small": ["small", "tiny", "little"], "big": ["big", "large", "huge", "giant"]}
NUMBERS = {2: "two", 3: "three"}
RELATING = {"left": ["to the left of", "left of"], "above": ["above", "over"], "beside": ["next to", "beside", "and", "with"]}
MOVING = {
    "left": ["moving left", "moving to the left", "going left"],
    "right": ["moving right", "moving to the right", "going right"],
    "up": ["moving up", "rising", "flying up"],
    "down": ["moving down", "falling", "sinking"],
    "bounce": ["bouncing", "jumping"],
    "spin": ["spinning", "rotating", "turning around"],
    "grow": ["growing", "getting bigger"],
    "shrink": ["shrinking", "getting smaller"],
}
PREFIXES = ["a picture of ", "a photo of ", "an illustration of ", "a drawing of ", "an image of ", "a painting of "]
FILLERS = ["cute ", "beautiful ", "lovely ", "happy ", "nice ", "cartoon ", "shiny ", "funny "]
SUFFIXES = [", highly detailed", ", 4k", ", digital art", ", high quality", ", vector art", ", colorful", ".", "!"]
PLURALS = {
    "fish": "fish", "butterfly": "butterflies", "strawberry": "strawberries", "knife": "knives", "bus": "buses", "octopus": "octopuses", "fox": "foxes",
}  # fmt: skip


def caption(scene: Scene, rng: random.Random | None = None) -> str:
    """Words a scene: canonically without ``rng``, otherwise one of many paraphrases. The order of the draws is part of the data."""
    words = _Wording(rng)
    what = words.subjects(scene)
    place = words.place(scene)
    when = words.pick(WHEN[scene.time])
    if rng is None:
        return _joined(" ", what, place, when)
    return _dressed(_ordered(what, place, when, rng.random()), rng)


def _ordered(what, place, when, share):
    if share < 0.12:
        return f"{place} {when}".strip() + ", " + what
    if share < 0.3:
        return _joined(", ", what, place, when)
    return _joined(" ", what, when, place) if share < 0.4 else _joined(" ", what, place, when)


def _dressed(text, rng):
    if rng.random() < 0.25:
        text = rng.choice(PREFIXES) + text
    if rng.random() < 0.2:
        text += rng.choice(SUFFIXES)
    return text.removeprefix("a ").removeprefix("an ") if rng.random() < 0.1 else text


def _joined(separator, *parts):
    return separator.join(part for part in parts if part)


class _Wording:
    """The choice of words: the first of each list without a generator."""

    def __init__(self, rng):
        self.rng = rng

    def pick(self, alternatives):
        return alternatives[0] if self.rng is None else self.rng.choice(alternatives)

    def subjects(self, scene):
        text = self.thing(scene.subject, scene.colour, scene.size, scene.count)
        if scene.motion:
            text += " " + self.pick(MOVING[scene.motion])
        if scene.other:
            text += " " + self.pick(RELATING[scene.relation]) + " " + self.thing(scene.other, scene.other_colour)
        return text

    def thing(self, name, colour, size=None, count=1):
        words = self.filler() + (self.pick(ADJECTIVES[size]) + " " if size else "") + (colour + " " if colour else "") + self.noun(name, count)
        return f"{NUMBERS[count]} {words}" if count > 1 else _article(words)

    def filler(self):
        return "" if self.rng is None or self.rng.random() < 0.85 else self.rng.choice(FILLERS)

    def noun(self, name, count):
        plain = spelled(name)
        word = plain if self.rng is None or self.rng.random() < 0.75 else self.rng.choice([plain, *SYNONYMS.get(name, [])])
        return plural(word) if count > 1 else word

    def place(self, scene):
        if scene.setting in PLACES:
            return self.pick(PLACES[scene.setting])
        colour = scene.setting.split()[1]
        return self.pick([f"on a plain {colour} background", f"on a {colour} background", f"with a {colour} background"])


def _article(phrase):
    return ("an " if phrase[0] in "aeio" or phrase.startswith("umb") else "a ") + phrase


def spelled(name: str) -> str:
    return name.replace("_", " ")


def plural(word: str) -> str:
    return PLURALS.get(word, word if word.endswith("s") else word + "s")


def known_subjects() -> list[str]:
    """Lists the subjects in the order of the world, each with its synonyms after commas: ``cat, kitten, kitty``."""
    return [", ".join([spelled(name), *SYNONYMS.get(name, [])]) for name in NAMES]
