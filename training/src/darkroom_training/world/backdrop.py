# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Painted backdrops. Lengths are shares of the side, so a backdrop is the same at every size; the order of the draws is part of the data."""

import random

import numpy as np
from PIL import Image, ImageDraw

from darkroom_training.world.scene import PLAIN

SKY = {"day": ((96, 176, 240), (190, 226, 250)), "night": ((10, 14, 44), (36, 44, 92)), "sunset": ((98, 66, 140), (250, 160, 90))}
SPACE = ((6, 6, 20), (26, 14, 54))
BANDS = 24  # of a gradient


def backdrop(setting: str, time: str, side: int, rng: random.Random, t: float = 0.0) -> Image.Image:
    """Paints a setting of ``side`` px at time ``t`` in seconds."""
    canvas = _Canvas(time, side, rng, t)
    if setting.startswith("plain"):
        canvas.box(0, 0, side, side, PLAIN[setting.split()[1]])
    elif setting == "space":
        _space(canvas)
    else:
        _under_the_sky(canvas, setting)
    return canvas.image


class _Canvas:
    """A picture being painted; ``horizon`` in px."""

    def __init__(self, time, side, rng, t):
        self.time, self.side, self.rng, self.t = time, side, rng, t
        self.image = Image.new("RGB", (side, side))
        self.pen = ImageDraw.Draw(self.image)
        self.horizon = side * rng.uniform(0.5, 0.62)

    def lit(self, *colour):
        if self.time == "day":
            return colour
        return _mixed(colour, (12, 16, 52), 0.6) if self.time == "night" else _mixed(colour, (200, 96, 60), 0.3)

    def uniform(self, low, high):
        return self.rng.uniform(low, high)

    def box(self, x0, y0, x1, y1, colour):
        self.pen.rectangle([x0, y0, x1, y1], fill=colour)

    def ellipse(self, x0, y0, x1, y1, colour):
        self.pen.ellipse([x0, y0, x1, y1], fill=colour)

    def dot(self, x, y, radius, colour):
        self.ellipse(x - radius, y - radius, x + radius, y + radius, colour)

    def gradient(self, y0, y1, top, bottom):
        for band in range(BANDS):
            start, end = (y0 + (y1 - y0) * k / BANDS for k in (band, band + 1))
            self.box(0, start, self.side, end, _mixed(top, bottom, band / (BANDS - 1)))

    def stars(self, depth):
        for _ in range(26):
            self.dot(self.uniform(0, self.side), self.uniform(0, depth), self.uniform(0.3, 1) * self.side / 128, (255, 255, 230))


def _mixed(first, second, share):
    return tuple(int(a + (b - a) * share) for a, b in zip(first, second, strict=True))


def _space(canvas):
    side = canvas.side
    canvas.gradient(0, side, *SPACE)
    canvas.stars(side)
    if canvas.rng.random() < 0.5:
        x, y = canvas.uniform(0.1, 0.9) * side, canvas.uniform(0.1, 0.35) * side
        canvas.dot(x, y, side * canvas.uniform(0.05, 0.09), canvas.rng.choice([(200, 120, 80), (110, 150, 220), (220, 190, 130)]))


def _under_the_sky(canvas, setting):
    side = canvas.side
    canvas.gradient(0, side, *SKY[canvas.time])
    if canvas.time == "night":
        canvas.stars(canvas.horizon)
    if canvas.time == "sunset" and setting != "sky":
        canvas.dot(canvas.uniform(0.2, 0.8) * side, canvas.horizon - side * 0.02, side * 0.1, (255, 220, 120))
    PAINTERS[setting](canvas)


def _sky(canvas):
    side = canvas.side
    for _ in range(4):
        x, y, width = canvas.uniform(0, side), canvas.uniform(0, side), side * canvas.uniform(0.1, 0.2)
        x = (x + canvas.t * side * 0.06 + width) % (side + 2 * width) - width
        for k in (-1, 0, 1):
            centre = x + k * width * 0.6
            canvas.ellipse(centre - width * 0.5, y - width * 0.3, centre + width * 0.5, y + width * 0.3, canvas.lit(250, 250, 255))


def _beach(canvas):
    side, h = canvas.side, canvas.horizon
    canvas.box(0, h, side, h + side * 0.14, canvas.lit(40, 130, 190))
    canvas.box(0, h + side * 0.12, side, side, canvas.lit(236, 208, 150))


def _ocean(canvas):
    side, h = canvas.side, canvas.horizon
    canvas.gradient(h, side, canvas.lit(50, 140, 210), canvas.lit(14, 60, 120))
    for k in range(6):
        y, swing = h + side * 0.07 * k, side * 0.05 * np.sin(2 * np.pi * (canvas.t / 2 + k / 6)) if canvas.t else 0
        wave = [(canvas.uniform(0, 0.5) * side + swing, y), (canvas.uniform(0.5, 1) * side + swing, y)]
        canvas.pen.line(wave, fill=canvas.lit(140, 200, 235), width=max(1, side // 96))


def _meadow(canvas):
    side, h = canvas.side, canvas.horizon
    canvas.box(0, h, side, side, canvas.lit(96, 178, 72))
    for _ in range(22):
        x, y = canvas.uniform(0, side), canvas.uniform(h, side)
        canvas.dot(x, y, side * 0.011, canvas.lit(*canvas.rng.choice([(255, 240, 120), (250, 150, 180), (255, 255, 255)])))


def _snow(canvas):
    side = canvas.side
    canvas.box(0, canvas.horizon, side, side, canvas.lit(240, 246, 252))
    for _ in range(34):
        canvas.dot(canvas.uniform(0, side), (canvas.uniform(0, side) + canvas.t * side * 0.15) % side, side * 0.009, (255, 255, 255))


def _desert(canvas):
    side, h = canvas.side, canvas.horizon
    canvas.ellipse(-side * 0.4, h - side * 0.1, side * 0.8, side * 1.5, canvas.lit(226, 180, 104))
    canvas.ellipse(side * 0.3, h - side * 0.02, side * 1.5, side * 1.5, canvas.lit(212, 160, 86))
    canvas.box(0, h + side * 0.2, side, side, canvas.lit(220, 170, 95))


def _forest(canvas):
    side, h = canvas.side, canvas.horizon
    canvas.box(0, h, side, side, canvas.lit(64, 110, 52))
    for k in range(7):
        x = (k + canvas.uniform(0.1, 0.9)) / 7 * side
        crown = [(x - side * 0.1, h + side * 0.06), (x + side * 0.1, h + side * 0.06), (x, h - side * canvas.uniform(0.28, 0.42))]
        canvas.pen.polygon(crown, fill=canvas.lit(26, canvas.rng.randint(84, 108), 44))


def _mountains(canvas):
    side, h = canvas.side, canvas.horizon
    for k in range(4):
        x, top = (k + canvas.uniform(0.1, 0.9)) / 4 * side, h - side * canvas.uniform(0.24, 0.4)
        snow_line = top + (h - top) * 0.25
        canvas.pen.polygon([(x - side * 0.28, h), (x + side * 0.28, h), (x, top)], fill=canvas.lit(112, 118, 138))
        canvas.pen.polygon([(x - side * 0.07, snow_line), (x + side * 0.07, snow_line), (x, top)], fill=canvas.lit(246, 248, 252))
    canvas.box(0, h, side, side, canvas.lit(120, 150, 90))


def _city(canvas):
    side, h = canvas.side, canvas.horizon
    canvas.box(0, h, side, side, canvas.lit(110, 112, 120))
    for k in range(6):
        x, height = k / 6 * side, side * canvas.uniform(0.15, 0.42)
        canvas.box(x, h - height, x + side / 6.4, h, canvas.lit(*canvas.rng.choice([(130, 140, 160), (160, 130, 120), (120, 120, 135)])))
        _windows(canvas, x, h - height, int((height - side * 0.03) / (side * 0.07)))


def _windows(canvas, x, roof, floors):
    side, colour = canvas.side, (255, 226, 130) if canvas.time == "night" else (200, 220, 235)
    for floor in range(floors):
        y = roof + side * (0.03 + 0.07 * floor)
        for shift in (0.025, 0.085):
            canvas.box(x + side * shift, y, x + side * (shift + 0.03), y + side * 0.03, colour)


PAINTERS = {
    "sky": _sky, "beach": _beach, "ocean": _ocean, "meadow": _meadow, "snow": _snow, "desert": _desert, "forest": _forest,
    "mountains": _mountains, "city": _city,
}  # fmt: skip
