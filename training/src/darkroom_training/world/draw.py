# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Places the subjects of a scene on its backdrop, at any size and time."""

import random
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from darkroom_training.world.backdrop import backdrop
from darkroom_training.world.scene import Scene
from darkroom_training.world.sprites import sprite

SUPERSAMPLE = 2
CLIP_SECONDS = 2.0


@dataclass(frozen=True)
class Placed:
    """One subject in the picture: centre (x, y) and longer side (scale) as shares of the picture's side, turn in degrees."""

    name: str
    colour: str | None
    x: float
    y: float
    scale: float
    turn: float = 0.0

    def picture(self, side: int) -> Image.Image:
        cut = sprite(self.name, self.colour)
        if self.turn:
            cut = cut.rotate(self.turn, Image.BICUBIC)
        factor = self.scale * side / max(cut.size)
        return cut.resize([max(1, round(length * factor)) for length in cut.size], Image.BICUBIC)

    def corner(self, picture: Image.Image, side: int) -> tuple[int, int]:
        return int(self.x * side - picture.width / 2), int(self.y * side - picture.height / 2)


def layout(scene: Scene) -> list[Placed]:
    """Places the subjects at rest; a later one covers an earlier one."""
    rng = random.Random(scene.seed + 1)
    if scene.other:
        return _pair(scene, rng)
    if scene.count == 1:
        scale = {None: 0.55, "small": 0.3, "big": 0.82}[scene.size]
        spots, scale = [(0.5, 0.56 if scale < 0.7 else 0.52)], scale
    elif scene.count == 2:
        spots, scale = [(0.27, 0.58), (0.73, 0.58)], 0.4
    else:
        spots, scale = [(0.2, 0.62), (0.5, 0.46), (0.8, 0.62)], 0.32
    return [_jittered(rng, scene.subject, scene.colour, *spot, scale) for spot in spots]


def _pair(scene, rng):
    spots = [(0.5, 0.26), (0.5, 0.75)] if scene.relation == "above" else [(0.27, 0.58), (0.73, 0.58)]
    if scene.relation == "beside" and rng.random() < 0.5:
        spots.reverse()
    things = [(scene.subject, scene.colour), (scene.other, scene.other_colour)]
    return [_jittered(rng, *thing, *spot, 0.4) for thing, spot in zip(things, spots, strict=True)]


def _jittered(rng, name, colour, x, y, scale):
    return Placed(name, colour, x + rng.uniform(-0.05, 0.05), y + rng.uniform(-0.04, 0.04), scale * rng.uniform(0.95, 1.05))


def moved(placed: Placed, motion: str, t: float) -> Placed:
    """Places a subject at time ``t`` (s) of a clip of CLIP_SECONDS; it is at rest in the middle."""
    way = (t - CLIP_SECONDS / 2) * 0.26
    match motion:
        case "left" | "right":
            return replace(placed, x=placed.x + (way if motion == "right" else -way))
        case "up" | "down":
            return replace(placed, y=placed.y + (way if motion == "down" else -way))
        case "bounce":
            return replace(placed, y=placed.y + 0.06 - 0.22 * abs(np.sin(np.pi * t)))
        case "spin":
            return replace(placed, turn=-180 * t)
        case "grow" | "shrink":
            return replace(placed, scale=placed.scale * (1 + (way if motion == "grow" else -way) * 1.6))
    raise ValueError(f"unknown motion {motion}")


def placed_at(scene: Scene, t: float) -> list[Placed]:
    """Places the subjects at time ``t``: the first one moves, or all of a kind."""
    things = layout(scene)
    if not scene.motion:
        return things
    return [moved(thing, scene.motion, t) if i == 0 or scene.count > 1 else thing for i, thing in enumerate(things)]


def draw(scene: Scene, size: int = 64, supersample: int = SUPERSAMPLE, t: float = 0.0) -> Image.Image:
    """Draws the scene at time ``t`` (s) as an RGB picture of ``size`` x ``size`` px."""
    side = size * supersample
    image = backdrop(scene.setting, scene.time, side, random.Random(scene.seed), t)
    for thing in placed_at(scene, t):
        picture = thing.picture(side)
        image.paste(picture, thing.corner(picture, side), picture)
    return image if supersample == 1 else image.resize((size, size), Image.LANCZOS)


def subject_mask(scene: Scene, size: int = 16, t: float = 0.0) -> np.ndarray:
    """Says how much of each cell of a ``size`` x ``size`` grid the subjects cover at time ``t`` (s), (size, size) uint8, 255 = all."""
    side = size * 4
    image = Image.new("L", (side, side))
    for thing in placed_at(scene, t):
        alpha = thing.picture(side).getchannel("A")
        image.paste(255, thing.corner(alpha, side), alpha)
    return np.asarray(image.resize((size, size), Image.BOX))
