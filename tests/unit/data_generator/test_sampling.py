from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from data_generator.sampling import apportion, choose, draw_within, running_total

WEIGHTS = arrays.arrays(np.float64, st.integers(1, 30), elements=st.sampled_from([0.0, 1e-9, 0.5, 1.0, 1e6]))


@given(WEIGHTS, st.integers(0, 29), st.integers(1, 30), st.sampled_from([0.0, 0.3, 0.999999, np.nextafter(1, 0)]))
def test_draws_inside_the_range_and_never_what_has_no_weight(
    weights: np.ndarray, start: int, length: int, chance: float
) -> None:
    start = min(start, len(weights) - 1)
    stop = min(start + length, len(weights))
    if weights[start:stop].sum() <= 1e-6 * weights.sum():
        return
    position = draw_within(running_total(weights), np.array([start]), np.array([stop]), np.array([chance]))[0]
    assert start <= position < stop
    assert weights[position] > 0


def test_draws_by_weight_out_of_each_range() -> None:
    totals = running_total(np.array([100.0, 1.0, 3.0, 100.0]))
    ones, threes = np.full(1, 1), np.full(1, 3)
    drawn = draw_within(totals, ones, threes, np.random.default_rng(0).random((1, 20_000)))
    assert drawn.shape == (1, 20_000)
    assert abs((drawn == 2).mean() - 0.75) < 0.02


def test_chooses_with_odds_of_the_exponential() -> None:
    logits = np.tile(np.log([1.0, 3.0]), (20_000, 1))
    assert abs(choose(np.random.default_rng(0), logits).mean() - 0.75) < 0.02


@given(st.integers(0, 10_000), arrays.arrays(np.float64, st.integers(1, 40), elements=st.floats(0.01, 100)))
def test_apportions_all_of_it_fairly(total: int, weights: np.ndarray) -> None:
    shares = apportion(total, weights)
    assert shares.sum() == total
    assert np.all(np.abs(shares - total * weights / weights.sum()) < 1 + 1e-6)
