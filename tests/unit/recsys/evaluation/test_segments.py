from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import sparse

from recsys.algorithms.base import Histories
from recsys.evaluation.segments import (
    ACTIVITY,
    AGE,
    POPULARITY,
    Lists,
    SegmentQuality,
    item_age,
    item_popularity,
    user_activity,
)
from recsys.testing.histories import histories_of

DAY = 86_400.0


def names(places: np.ndarray[tuple[int], np.dtype[np.int8]], of: tuple[str, ...]) -> list[str]:
    return [of[place] for place in places]


def test_activity_cuts_the_users_with_events_into_thirds() -> None:
    known = np.array([0, 0, 0, 1, 2, 3, 4, 5, 6])
    assert names(user_activity(known[3:], known), ACTIVITY) == ["light"] * 2 + ["medium"] * 2 + ["heavy"] * 2


def test_users_alike_in_activity_are_in_one_segment() -> None:
    known = np.array([5, 5, 5, 5])
    assert names(user_activity(known, known), ACTIVITY) == ["light"] * 4
    assert user_activity(np.array([0]), np.zeros(3, np.int64)).tolist() == [0]


def test_an_item_is_as_old_as_its_first_touch() -> None:
    given = histories_of([{0: 1.0, 1: 1.0, 2: 1.0}, {2: 1.0, 3: 1.0}], 5)
    last_at = np.array([-40.0, -20.0, -3.0, -31.0, -7.0]) * DAY
    histories = Histories(given.weights, last_at, given.ratings)
    assert names(item_age(histories, 0.0), AGE) == ["old", "recent", "old", "new", "new"]


def test_popularity_cuts_the_touches_into_thirds() -> None:
    touched = np.array([1, 6, 0, 2, 1, 1, 3, 1, 3])
    found = names(item_popularity(touched), POPULARITY)
    # of 18 touches the 6 are the first third, the two 3s the second, the rest the last
    assert found == ["tail", "head", "tail", "tail", "tail", "tail", "middle", "tail", "middle"]


def test_items_alike_in_popularity_are_in_one_segment() -> None:
    assert names(item_popularity(np.full(7, 2)), POPULARITY) == ["head"] * 7
    assert names(item_popularity(np.zeros(2, np.int64)), POPULARITY) == ["tail"] * 2
    assert item_popularity(np.empty(0, np.int64)).tolist() == []


RANKED = np.array([[0, 1, 2], [3, 0, 1], [2, 3, 4]], np.int32)
BASELINE = np.array([[4, 1, 2], [2, 0, 1], [0, 1, 2]], np.int32)
WANTED = sparse.csr_array(np.array([[1, 0, 0, 0, 0], [1, 0, 1, 0, 0], [0, 0, 0, 0, 1]], np.float32))
LISTS = Lists(RANKED, BASELINE, WANTED, 2)


def test_quality_by_users() -> None:
    of_user = np.array([0, 2, 2], np.int8)
    light, heavy = LISTS.by_users(of_user)
    assert light == SegmentQuality("activity", "light", 1, ndcg=1.0, recall=1.0, baseline_ndcg=0.0)
    second = 1 / math.log2(3)
    ideal = 1 + second
    assert (heavy.segment, heavy.n_users, heavy.recall) == ("heavy", 2, 0.25)
    assert heavy.ndcg == pytest.approx(second / ideal / 2)
    assert heavy.baseline_ndcg == pytest.approx(0.5)


def test_quality_by_items_wants_those_of_the_segment_alone() -> None:
    age = np.array([0, 2, 2, 2, 2], np.int8)
    popularity = np.zeros(5, np.int8)
    found = {(one.by, one.segment): one for one in LISTS.by_items(age, popularity)}
    assert set(found) == {("item age", "new"), ("item age", "old"), ("item popularity", "tail")}
    new, old = found["item age", "new"], found["item age", "old"]
    assert (new.n_users, new.recall) == (2, 1.0)
    assert new.ndcg == pytest.approx((1 + 1 / math.log2(3)) / 2)
    assert new.baseline_ndcg == pytest.approx(1 / math.log2(3) / 2)
    assert (old.n_users, old.ndcg, old.baseline_ndcg) == (2, 0.0, 0.5)
    assert found["item popularity", "tail"].n_users == 3


def test_nobody_asked_is_no_segment() -> None:
    nothing = np.empty((0, 3), np.int32)
    wanted = sparse.csr_array((0, 5), dtype=np.float32)
    ages = np.zeros(5, np.int8)
    lists = Lists(nothing, nothing, wanted, 2)
    assert lists.by_users(np.empty(0, np.int8)) == []
    assert lists.by_items(ages, ages) == []
