# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""How much a captioner's probability is worth: temperature scaling, reliability and the expected calibration error (Guo et al. 2017).

A caption's confidence is ``exp(log_probability / temperature)``, log_probability being the sum over its tokens, the end included. It should be the
chance that the whole caption is right.
"""

from dataclasses import asdict, dataclass

import numpy as np
from PIL import Image

from darkroom_training.curves import Axis, chart

BINS = 10
TEMPERATURES = np.geomspace(0.1, 10, 1001)
CERTAIN = 1e-6  # confidences are kept this far from 0 and 1


@dataclass(frozen=True)
class Calibration:
    """``threshold``: captions of less confidence are not vouched for."""

    temperature: float
    threshold: float

    def confidences(self, log_probabilities: np.ndarray) -> np.ndarray:
        return confidences(log_probabilities, self.temperature)


def confidences(log_probabilities: np.ndarray, temperature: float) -> np.ndarray:
    return np.exp(np.asarray(log_probabilities, np.float64) / temperature)


def surprise(confidence: np.ndarray, right: np.ndarray) -> float:
    """Mean negative log-likelihood of what turned out to be right."""
    confidence = np.clip(confidence, CERTAIN, 1 - CERTAIN)
    return float(-np.where(right, np.log(confidence), np.log1p(-confidence)).mean())


def calibrated(log_probabilities: np.ndarray, right: np.ndarray, target: float) -> Calibration:
    """Finds the temperature that surprises least, and the lowest threshold at which the share of right captions above it is ``target``."""
    temperature = min(TEMPERATURES, key=lambda t: surprise(confidences(log_probabilities, t), right))
    confidence = confidences(log_probabilities, temperature)
    order = np.argsort(-confidence, kind="stable")
    precision = np.cumsum(right[order]) / np.arange(1, len(right) + 1)
    enough = np.flatnonzero(precision >= target)
    threshold = confidence[order][enough[-1]] if len(enough) else 1.0
    return Calibration(round(float(temperature), 4), round(float(np.floor(threshold * 1e4) / 1e4), 4))


@dataclass(frozen=True)
class Bin:
    """The captions of one tenth of confidence."""

    count: int
    confidence: float
    right: float


def reliability(confidence: np.ndarray, right: np.ndarray) -> list[Bin]:
    """Means confidence and truth over bins of equal width; empty bins are left out."""
    places = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return [Bin(int((places == i).sum()), float(confidence[places == i].mean()), float(right[places == i].mean())) for i in np.unique(places)]


def expected_calibration_error(bins: list[Bin]) -> float:
    return sum(one.count * abs(one.confidence - one.right) for one in bins) / sum(one.count for one in bins)


def figures(calibration: Calibration, log_probabilities: np.ndarray, right: np.ndarray) -> dict:
    """What a calibration is worth on other captions than it was found on."""
    confidence, plain = calibration.confidences(log_probabilities), confidences(log_probabilities, 1)
    bins, above = reliability(confidence, right), confidence >= calibration.threshold
    return {
        "captions": len(right), "right": float(np.mean(right)), "bins": [asdict(one) for one in bins],
        "expected_calibration_error": expected_calibration_error(bins),
        "expected_calibration_error_without_temperature": expected_calibration_error(reliability(plain, right)),
        "share_above": float(above.mean()), "right_above": float(right[above].mean()) if above.any() else None,
        "right_below": float(right[~above].mean()) if not above.all() else None,
    }  # fmt: skip


def picture(measured: dict[str, dict]) -> Image.Image:
    """Draws reliability, in percent, of named sets of captions; the diagonal is a captioner that knows what it knows."""
    lines = {"ideal": [(0.0, 0.0), (100.0, 100.0)]}
    lines |= {name: [(100 * one["confidence"], 100 * one["right"]) for one in found["bins"]] for name, found in measured.items()}
    marks = (0, 20, 40, 60, 80, 100)
    return chart(lines, {}, Axis("confidence, %", 0, 100, marks), Axis("captions that are right, %", 0, 100, marks))
