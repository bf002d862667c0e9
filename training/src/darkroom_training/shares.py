# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Shares of right answers with their 95 % intervals (Wilson 1927), which hold for few answers and for shares near one too."""

from dataclasses import asdict, dataclass

Z = 1.959964  # 97.5th percentile of the standard normal distribution


@dataclass(frozen=True)
class Share:
    """``right`` of ``asked``."""

    right: int
    asked: int

    @property
    def share(self) -> float:
        return self.right / self.asked

    @property
    def interval(self) -> tuple[float, float]:
        """The Wilson score interval."""
        n, spread = self.asked, Z * Z / self.asked
        centre = self.share + spread / 2
        half = Z * (self.share * (1 - self.share) / n + spread / (4 * n)) ** 0.5
        return max(0.0, (centre - half) / (1 + spread)), min(1.0, (centre + half) / (1 + spread))

    def figures(self) -> dict[str, float]:
        low, high = self.interval
        return asdict(self) | {"share": self.share, "low": low, "high": high}


def counted(answers: list[bool]) -> Share:
    return Share(sum(map(bool, answers)), len(answers))


def worded(figures: dict[str, float]) -> str:
    """Words the figures of a share: ``95.2 % (93.7 to 96.4)``."""
    return f"{figures['share']:.1%} ({100 * figures['low']:.1f} to {100 * figures['high']:.1f})".replace("%", " %")
