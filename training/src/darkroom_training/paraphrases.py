# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Free wordings of scenes, in a grammar that shares no template with the captions of training.

``prompts/paraphrases.txt`` holds 120 lines that were written by hand and the 180 that ``python -m darkroom_training.paraphrases`` makes by
this rule and prints; the file is what is measured, and stays as it is when the rule changes.
"""

import random

from darkroom_training.world.caption import plural, spelled
from darkroom_training.world.scene import COLOURS, NAMES, PLAIN, SENSITIVE, SETTINGS

COUNT = 180
SEED = 4
LEADS = ["show ", "please draw ", "i want ", "make ", "imagine ", "portrait of ", "close-up of ", "now ", "generate "]
STYLES = [", trending", ", masterpiece", ", soft light", ", 8k", ", cartoon style", ", watercolor", ", pixel art", ", realistic", ", wow"]
DESCRIBING = ["soft", "sweet", "lonely", "brave", "lucky", "famous", "strange", "very small", "real", "perfect"]
LIVING = ["sitting", "sleeping", "standing", "resting", "waiting", "walking", "looking at us", "all happy"]
LYING = ["standing", "left behind", "waiting", "all alone", "in view", "on show"]
FIRST_THING = NAMES.index("tree")  # before it stand the animals
WHERE = {
    "beach": ["on a sandy beach", "by the beach", "on some beach"],
    "ocean": ["far out in the ocean", "in the deep ocean", "somewhere in the ocean"],
    "meadow": ["in a lush meadow", "in some meadow", "on fresh grass"],
    "snow": ["in deep snow", "in the cold snow", "in fresh snow"],
    "desert": ["in the hot desert", "in a wide desert", "in some desert"],
    "space": ["in deep space", "far away in space", "somewhere in space"],
    "forest": ["in a thick forest", "in an old forest", "deep in the forest"],
    "city": ["in a busy city", "in the big city", "deep in the city"],
    "sky": ["up in the sky", "high in the sky", "in the open sky"],
    "mountains": ["high in the mountains", "up in the mountains", "between two mountains"],
}
WHEN = {
    "day": [""],
    "night": [" late at night", " during the night", " on a dark night"],
    "sunset": [" during sunset", " in a warm sunset", " just at sunset"],
}
NUMBERS = {2: "two", 3: "three"}


def paraphrase(rng: random.Random) -> str:
    """Words one scene and says what its picture should show: a line of the list."""
    name = rng.choice([name for name in NAMES if name not in SENSITIVE])
    setting = rng.choice(SETTINGS) if rng.random() < 0.85 else f"plain {rng.choice(tuple(PLAIN))}"
    time = rng.choice(("day", "day", "night", "sunset")) if setting in SETTINGS and setting != "space" else "day"
    colour = rng.choice(tuple(COLOURS)) if rng.random() < 0.15 else None
    count = rng.choice((2, 3)) if rng.random() < 0.15 else 1
    doing = rng.choice(LIVING if NAMES.index(name) < FIRST_THING else LYING)
    text = " ".join([_subject(name, colour, count, rng), doing, _place(setting, rng)]) + rng.choice(WHEN[time])
    share = rng.random()
    if share < 0.4:
        text = rng.choice(LEADS) + text
    elif share < 0.8:
        text += rng.choice(STYLES)
    expected = {"subject": name, "setting": setting} | ({"time": time} if time != "day" else {})
    expected |= ({"colour": colour} if colour else {}) | ({"count": count} if count > 1 else {})
    return f"{text} | " + ", ".join(f"{field}={value}" for field, value in expected.items())


def _subject(name, colour, count, rng):
    describing = f"{rng.choice(DESCRIBING)} " if rng.random() < 0.5 else ""
    noun = plural(spelled(name)) if count > 1 else spelled(name)
    words = f"{describing}{colour + ' ' if colour else ''}{noun}"
    return f"{NUMBERS[count] if count > 1 else 'an' if words[0] in 'aeiou' and words[:2] != 'un' else 'a'} {words}"


def _place(setting, rng):
    return rng.choice(WHERE[setting]) if setting in WHERE else f"in front of a {setting.split()[1]} background"


def main():
    rng = random.Random(SEED)
    print("\n".join(paraphrase(rng) for _ in range(COUNT)))


if __name__ == "__main__":
    main()
