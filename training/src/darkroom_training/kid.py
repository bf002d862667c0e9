# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Kernel inception distance (Binkowski et al. 2018): unbiased MMD^2 of two sets of features under the kernel (x.y / D + 1)^3, in float64.

The features are pocket-clip's image embeddings times sqrt(D), so that their mean square is 1: of unit vectors x.y / D would be so small that
the cubic kernel would compare little but the means. The figures compare pictures of this world with each other and with nothing else.
"""

from dataclasses import dataclass

import numpy as np

SUBSETS = 100
SUBSET_SIZE = 500


@dataclass(frozen=True)
class Kid:
    """Mean and population standard deviation over subsets; may be negative."""

    mean: float
    std: float
    subsets: int
    subset_size: int


def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return (x @ y.T / x.shape[1] + 1) ** 3


def squared_mmd(x: np.ndarray, y: np.ndarray) -> float:
    """Estimates MMD^2 without bias, (M, D) against (N, D): each self-term over its own pairs of different rows."""
    x, y = (np.asarray(rows, np.float64) for rows in (x, y))
    own = [(values.sum() - np.trace(values)) / (len(values) * (len(values) - 1)) for values in (kernel(x, x), kernel(y, y))]
    return float(sum(own) - 2 * kernel(x, y).mean())


def kid(x: np.ndarray, y: np.ndarray, subsets: int = SUBSETS, subset_size: int = SUBSET_SIZE, seed: int = 2020) -> Kid:
    """Averages MMD^2 over random subsets without repetition within one, of at most the rows that there are."""
    size = min(subset_size, len(x), len(y))
    if size < 2 or x.shape[1] != y.shape[1]:
        raise ValueError(f"KID needs two rows or more of the same width on both sides; they are {x.shape} and {y.shape}")
    rng = np.random.default_rng(seed)
    values = [squared_mmd(x[rng.permutation(len(x))[:size]], y[rng.permutation(len(y))[:size]]) for _ in range(subsets)]
    return Kid(float(np.mean(values)), float(np.std(values)), subsets, size)


def scaled(embeddings: np.ndarray) -> np.ndarray:
    """Turns unit embeddings (N, D) into features of mean square 1."""
    return embeddings * np.sqrt(embeddings.shape[1])
