# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""KID against values computed at 50 digits, which torch-fidelity and clean-fid give as well."""

import numpy as np
import pytest

from darkroom_training.kid import kid, scaled, squared_mmd


def numbers(seed, rows, scale, shift, columns=8):
    """A 32-bit linear congruential generator, row by row: the same numbers everywhere."""
    state, cells = seed, []
    for _ in range(rows * columns):
        state = (1664525 * state + 1013904223) % 2**32
        cells.append(state / 2**32 * scale + shift)
    return np.array(cells).reshape(rows, columns)


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        ((21, 40, 2.0, -1.0), (22, 40, 1.6, -0.5), 0.30660384685845714),
        ((41, 50, 2.0, -1.0), (42, 50, 2.0, -1.0), -0.0034124720563030741),
        ((21, 40, 2.0, -1.0), (22, 30, 1.6, -0.5), 0.28104658682456396),
    ],
)
def test_squaredMmd_recorded_rows_give_the_recorded_values(x, y, expected):
    assert squared_mmd(numbers(*x), numbers(*y)) == pytest.approx(expected, abs=1e-10)


def test_squaredMmd_blocks_average_to_the_recorded_value():
    x, y = numbers(21, 40, 2.0, -1.0), numbers(22, 40, 1.6, -0.5)
    blocks = [squared_mmd(x[[(3 * b + 7 * t) % 40 for t in range(20)]], y[[(5 * b + 11 * t) % 40 for t in range(20)]]) for b in range(5)]
    assert np.mean(blocks) == pytest.approx(0.35731527644596309, abs=1e-10)
    assert np.std(blocks) == pytest.approx(0.12024524162270291, abs=1e-10)


def test_kid_fewRows_takes_them_all_and_says_so():
    found = kid(numbers(21, 40, 2.0, -1.0), numbers(22, 40, 1.6, -0.5), subsets=3)
    assert (found.subset_size, found.subsets) == (40, 3)
    assert found.mean == pytest.approx(0.30660384685845714, abs=1e-10) and found.std < 1e-12


def test_kid_otherWidth_is_refused_with_both():
    with pytest.raises(ValueError, match=r"\(4, 8\) and \(4, 7\)"):
        kid(np.zeros((4, 8)), np.zeros((4, 7)))


def test_scaled_features_have_a_mean_square_of_one():
    unit = np.ones((2, 4)) / 2
    assert np.square(scaled(unit)).mean() == 1
