from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from recsys.algorithms.tower import ROWS, Tower, widths

RNG = np.random.default_rng(4)


def tower_of(*units: int) -> Tower:
    """Random layers over inputs of `units[0]`."""
    kernels = [RNG.normal(size=shape).astype(np.float32) for shape in pairwise(units)]
    biases = [RNG.normal(size=width).astype(np.float32) for width in units[1:]]
    return Tower(tuple(kernels), tuple(biases), RNG.normal(size=units[-1]).astype(np.float32))


def inputs(rows: int, units: int) -> np.ndarray:
    return RNG.normal(size=(rows, units)).astype(np.float32)


def test_one_layer_is_a_weighted_sum_of_what_is_positive() -> None:
    tower = Tower((), (), np.array([2.0, 10.0], np.float32))
    np.testing.assert_array_equal(tower.score(np.array([[1, -1], [-3, 0.5]], np.float32)), [2, 5])
    shifted = tower.score(np.array([[1, -1]], np.float32), np.array([-4, 2], np.float32))
    np.testing.assert_array_equal(shifted, [10])


def test_a_further_layer_has_weights_and_a_bias() -> None:
    kernel, bias = np.array([[1], [3]], np.float32), np.array([-2], np.float32)
    tower = Tower((kernel,), (bias,), np.array([0.5], np.float32))
    np.testing.assert_array_equal(tower.score(np.array([[1, 1], [1, 0]], np.float32)), [1, 0])


def test_many_rows_score_as_few() -> None:
    tower, rows = tower_of(6, 4, 2), inputs(ROWS + 3, 6)
    kept = rows.copy()
    together = tower.score(rows)
    for row in (0, ROWS - 1, ROWS, ROWS + 2):
        np.testing.assert_allclose(tower.score(rows[row : row + 1])[0], together[row], rtol=1e-5)
    np.testing.assert_array_equal(rows, kept)


@pytest.mark.parametrize("units", [(5,), (8, 4), (16, 8, 4, 2)])
def test_multipliers_times_the_shift_are_the_change(units: tuple[int, ...]) -> None:
    tower, rows = tower_of(*units), inputs(40, units[0])
    shift = RNG.normal(size=units[0]).astype(np.float32)
    change = tower.score(rows, shift) - tower.score(rows)
    assert np.abs(change).max() > 0.5
    np.testing.assert_allclose(tower.multipliers(rows, shift) @ shift, change, rtol=1e-4, atol=1e-4)


def test_without_a_shift_multipliers_are_the_gradient() -> None:
    tower, rows = tower_of(6, 3), inputs(20, 6)
    found = tower.multipliers(rows, np.zeros(6, np.float32))
    for unit, step in enumerate(np.eye(6, dtype=np.float32) * np.float32(1e-3)):
        slope = (tower.score(rows, step) - tower.score(rows, -step)) / np.float32(2e-3)
        np.testing.assert_allclose(found[:, unit], slope, atol=0.02)


def test_a_layer_has_half_the_units_of_the_one_below() -> None:
    assert widths(32, 3) == [32, 16, 8]
    assert widths(2, 4) == [2, 1, 1, 1]


def test_it_is_loaded_as_saved(tmp_path: Path) -> None:
    tower, rows = tower_of(8, 4, 2), inputs(5, 8)
    tower.save(tmp_path)
    np.testing.assert_array_equal(Tower.load(tmp_path, 3).score(rows), tower.score(rows))
