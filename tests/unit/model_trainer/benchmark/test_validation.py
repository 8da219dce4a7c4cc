"""The cut is told from train alone."""

from __future__ import annotations

import numpy as np
import pytest

from model_trainer.benchmark.validation import Validation, cut, decide
from recsys.errors import DataRefused
from recsys.preferences import Events


def _events(n_users: int, each: int, *, step: float) -> Events:
    users = np.repeat(np.arange(n_users, dtype=np.int32), each)
    places = np.tile(np.arange(each), n_users)
    n = len(users)
    return Events(
        users, places.astype(np.int32), np.zeros(n, np.int8), np.ones(n, np.float32), (places * step).astype(np.float64)
    )


@pytest.mark.parametrize(
    ("events", "timed", "expected"),
    [
        (_events(4, 5, step=1), True, Validation.LAST),
        (_events(4, 30, step=1), True, Validation.TIME),
        (_events(4, 30, step=0), True, Validation.RANDOM),
        (_events(4, 30, step=1), False, Validation.RANDOM),
    ],
)
def test_what_is_decided(events: Events, timed: bool, expected: Validation) -> None:
    assert decide(events, timed=timed) is expected


def test_each_cut_tests_what_it_says() -> None:
    events = _events(3, 10, step=1)
    assert cut(events, Validation.LAST, timed=True, seed=0, n_items=40).test.items.tolist() == [9, 9, 9]
    assert cut(events, Validation.TIME, timed=True, seed=0, n_items=40).test.items.tolist() == [8, 9] * 3
    assert len(cut(events, Validation.RANDOM, timed=False, seed=0, n_items=40).test) == 6


def test_no_cut_by_time_without_times() -> None:
    with pytest.raises(DataRefused, match="cannot be cut by last"):
        cut(_events(1, 2, step=0), Validation.LAST, timed=False, seed=0, n_items=40)


def test_rows_entered_in_one_sitting_have_no_order() -> None:
    """Users who each sit down once, a second between rows, months apart from each other."""
    users = np.repeat(np.arange(20, dtype=np.int32), 30)
    at = users * 1e6 + np.tile(np.arange(30), 20)
    n = len(users)
    events = Events(users, np.zeros(n, np.int32), np.zeros(n, np.int8), np.ones(n, np.float32), at.astype(np.float64))
    assert decide(events, timed=True) is Validation.RANDOM


def test_a_random_cut_asks_for_new_items_where_the_catalogue_has_many() -> None:
    rng = np.random.default_rng(3)
    users = np.repeat(np.arange(400, dtype=np.int32), 10)
    n = len(users)
    events = Events(
        users, rng.integers(0, 100, n).astype(np.int32), np.zeros(n, np.int8), np.ones(n, np.float32), np.zeros(n)
    )
    for n_items, new_share in ((100, 0.0), (200, 0.5)):
        split = cut(events, Validation.RANDOM, timed=False, seed=1, n_items=n_items)
        assert len(split.train) + len(split.test) == n
        is_new = ~np.isin(split.test.items, split.train.items)
        assert abs(is_new.mean() - new_share) < 0.1
        assert len(split.test) / n == pytest.approx(0.2, abs=0.03)
