from __future__ import annotations

import numpy as np
import pytest

from recsys.algorithms.popularity import Popularity
from recsys.algorithms.spread import Spread, deviation, measure
from recsys.testing.histories import data_of, histories_of


def test_finds_the_law_behind_the_deviations() -> None:
    touched = np.array([1, 2, 5, 10, 40, 200], np.int32)
    found = Spread.of(0.3 * touched.astype(np.float64) ** 0.7, touched)
    assert found.scale == pytest.approx(0.3)
    assert found.exponent == pytest.approx(0.7)
    np.testing.assert_allclose(found.units(touched), 1 / (0.3 * touched**0.7), rtol=1e-6)


@pytest.mark.parametrize(("slope", "expected"), [(-0.5, 0.0), (1.8, 1.0)])
def test_the_exponent_stays_between_nothing_and_linear(slope: float, expected: float) -> None:
    touched = np.array([1, 10, 100], np.int32)
    assert Spread.of(touched.astype(np.float64) ** slope, touched).exponent == expected


def test_users_with_equally_many_items_give_a_constant() -> None:
    found = Spread.of(np.array([1.0, 4.0]), np.array([7, 7], np.int32))
    assert found.scale == pytest.approx(2.0)
    assert found.exponent == 0.0


def test_rows_that_tell_nothing_are_left_out() -> None:
    assert Spread.of(np.array([0.0, 3.0]), np.array([5, 5], np.int32)).scale == pytest.approx(3.0)


def test_a_model_that_tells_no_item_from_another_counts_nothing() -> None:
    nothing = Spread.of(np.array([0.0]), np.array([5], np.int32))
    assert nothing.units(np.array([0, 5], np.int32)).tolist() == [0.0, 0.0]


def test_a_user_without_items_counts_as_one_with_one() -> None:
    zero, one = Spread(2.0, 0.5).units(np.array([0, 1], np.int32))
    assert zero == one == 0.5


def test_measuring_never_draws_other_users() -> None:
    histories = histories_of([dict.fromkeys(range(user % 7), 1.0) for user in range(300)], 9)
    model = Popularity().fit(data_of(histories))
    assert measure(model, histories) == measure(model, histories) == model.spread


def test_no_history_measures_as_nothing() -> None:
    histories = histories_of([{}, {}], 3)
    assert Popularity().fit(data_of(histories)).spread == Spread(0.0, 0.0)


def test_the_deviation_is_that_of_each_row() -> None:
    scores = np.random.default_rng(0).normal(5, 2, (4, 1000)).astype(np.float32)
    np.testing.assert_allclose(deviation(scores), scores.astype(np.float64).std(axis=1), rtol=1e-5)


@pytest.mark.parametrize("value", [0.0, 1 / 3, -7.7, 1e8])
def test_equal_scores_do_not_deviate(value: float) -> None:
    assert deviation(np.full((1, 50_001), value, np.float32)).tolist() == [0.0]


def test_no_items_do_not_deviate() -> None:
    assert deviation(np.empty((2, 0), np.float32)).tolist() == [0.0, 0.0]
