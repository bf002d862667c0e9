# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Line charts, drawn with Pillow alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 560, 360, 40, 100, 26, 40  # px
SHARPER = 2  # drawn so many times larger
PALETTE = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#444444")  # Tol's bright scheme


@dataclass(frozen=True)
class Axis:
    """What an axis shows, its ends and its marks, in percent."""

    label: str
    low: float
    high: float
    marks: Sequence[float]

    def place(self, value: float) -> float:
        """Where a value lies, 0 to 1."""
        return (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)


def chart(lines: dict[str, list[tuple[float, float]]], points: dict[str, tuple[float, float]], x: Axis, y: Axis) -> Image.Image:
    """Draws named lines through (x, y), some with a point that is marked on them; what lies outside is drawn at the border."""
    page = Image.new("RGB", (WIDTH * SHARPER, HEIGHT * SHARPER), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(11 * SHARPER)

    def at(horizontal, vertical):
        across, up = x.place(horizontal), y.place(vertical)
        return SHARPER * (LEFT + across * (WIDTH - LEFT - RIGHT)), SHARPER * (HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM))

    for mark in x.marks:
        pen.line([at(mark, y.low), at(mark, y.high)], fill="#dddddd", width=SHARPER)
        pen.text((at(mark, y.low)[0], at(mark, y.low)[1] + 4 * SHARPER), f"{mark:g}", fill="black", font=font, anchor="mt")
    for mark in y.marks:
        pen.line([at(x.low, mark), at(x.high, mark)], fill="#dddddd", width=SHARPER)
        pen.text((at(x.low, mark)[0] - 4 * SHARPER, at(x.low, mark)[1]), f"{mark:g}", fill="black", font=font, anchor="rm")
    for i, (name, line) in enumerate(lines.items()):
        colour = PALETTE[i % len(PALETTE)]
        pen.line([at(*point) for point in line], fill=colour, width=2 * SHARPER, joint="curve")
        if name in points:
            across, up = at(*points[name])
            pen.ellipse([across - 4 * SHARPER, up - 4 * SHARPER, across + 4 * SHARPER, up + 4 * SHARPER], outline=colour, width=2 * SHARPER)
        pen.text((SHARPER * (WIDTH - RIGHT + 10), SHARPER * (TOP + 16 * i)), name, fill=colour, font=font)
    pen.text((at((x.low + x.high) / 2, 0)[0], SHARPER * (HEIGHT - 18)), x.label, fill="black", font=font, anchor="mt")
    pen.text((4 * SHARPER, 4 * SHARPER), y.label, fill="black", font=font, anchor="lt")
    return page.resize((WIDTH, HEIGHT), Image.LANCZOS)
