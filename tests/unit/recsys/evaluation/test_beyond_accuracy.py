from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from recsys.algorithms.base import Histories, ItemContent
from recsys.evaluation.beyond_accuracy import Surroundings, calibration_at_k, serendipity_at_k, tastes
from recsys.evaluation.judge import judgement
from recsys.testing.histories import histories_of

CATEGORY = np.array([0, 0, 1, 1, 2, -1], np.int32)
"""Of six items: two, two, one, and one without."""


def content() -> ItemContent:
    return ItemContent(["t"] * 6, [""] * 6, CATEGORY, ["a", "b", "c"], np.full(6, np.nan, np.float32))


def array(*rows: list[int]) -> np.ndarray[tuple[int, int], np.dtype[np.int32]]:
    return np.array(rows, np.int32)


def test_serendipity_counts_what_is_relevant_and_not_on_the_primitive_list() -> None:
    ranked = array([0, 1, 2, 3], [0, 1, 2, 3], [4, -1, -1, -1])
    hits = np.array([[True, True, False, True], [False] * 4, [True, False, False, False]])
    primitive = array([0, 5, 4, 3], [0, 1, 2, 3], [0, 1, -1, -1])
    # item 1 alone: 0 is expected, 2 is not relevant, 3 is expected
    assert serendipity_at_k(ranked, hits, primitive, 4).tolist() == [0.25, 0.0, 0.25]
    # among the first two the primitive list has 0 and 5
    assert serendipity_at_k(ranked, hits, primitive, 2).tolist() == [0.5, 0.0, 0.5]


def test_what_the_primitive_list_has_further_down_is_a_surprise() -> None:
    ranked, hits = array([4, 1, 0]), np.ones((1, 3), bool)
    assert serendipity_at_k(ranked, hits, array([0, 5, 1]), 2).tolist() == [1.0]


def test_an_empty_place_is_no_surprise() -> None:
    nothing = array([-1, -1])
    assert serendipity_at_k(nothing, np.zeros((1, 2), bool), array([0, 1]), 2).tolist() == [0.0]


def test_a_primitive_list_is_never_a_surprise() -> None:
    ranked = array([3, 1, 0], [5, 2, 4])
    assert serendipity_at_k(ranked, np.ones((2, 3), bool), ranked, 3).tolist() == [0.0, 0.0]


def test_tastes_are_shares_of_what_is_liked() -> None:
    histories = histories_of([{0: 1.0, 1: 2.0, 2: 1.0}, {4: -3.0, 2: 2.0}, {5: 4.0}, {}], 6)
    assert tastes(histories, content()).tolist() == [[0.75, 0.25, 0.0], [0.0, 1.0, 0.0], [0.0] * 3, [0.0] * 3]


def test_a_list_of_the_users_own_shares_is_calibrated() -> None:
    wanted = np.array([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]])
    assert calibration_at_k(array([0, 2], [4, -1]), CATEGORY, wanted, 2).tolist() == pytest.approx([0.0, 0.0])


def test_calibration_by_hand() -> None:
    wanted = np.array([[0.75, 0.25, 0.0]])
    # the list is all of the first category: q = (1, 0, 0), smoothed (.9975, .0025, 0)
    expected = 0.75 * math.log(0.75 / 0.9975) + 0.25 * math.log(0.25 / 0.0025)
    assert calibration_at_k(array([0, 1, 2]), CATEGORY, wanted, 2).tolist() == pytest.approx([expected])


def test_a_list_of_nothing_known_is_the_least_calibrated() -> None:
    wanted = np.array([[0.5, 0.5, 0.0], [0.0, 0.0, 0.0]])
    found = calibration_at_k(array([5, -1], [0, 1]), CATEGORY, wanted, 2)
    assert found.tolist() == pytest.approx([math.log(100), 0.0])


@given(st.lists(st.permutations(range(6)), min_size=1, max_size=4), st.integers(1, 6), st.integers(0, 99))
def test_calibration_is_the_divergence_written_plainly(lists: list[list[int]], k: int, seed: int) -> None:
    wanted = np.random.default_rng(seed).dirichlet(np.ones(3), len(lists))
    found = calibration_at_k(np.array(lists, np.int32), CATEGORY, wanted, k)
    for row, shares, value in zip(lists, wanted, found, strict=True):
        shown = [int(CATEGORY[item]) for item in row[:k] if CATEGORY[item] >= 0]
        expected = 0.0
        for place, share in enumerate(shares):
            own = shown.count(place) / len(shown) if shown else 0.0
            expected += share * math.log(share / (0.99 * own + 0.01 * share))
        assert value == pytest.approx(expected)
        assert value >= -1e-12


def test_measures_are_means_over_the_users_and_calibration_over_those_with_a_taste() -> None:
    histories: Histories = histories_of([{0: 1.0}, {5: 1.0}], 6)
    relevant = sparse.csr_array(np.array([[0, 1, 0, 0, 0, 0], [0, 0, 0, 1, 0, 0]], np.float32))
    users = np.array([0, 1], np.int32)
    judged = judgement(array([1, 2], [3, -1]), relevant, users, ks=(2,))
    around = Surroundings(
        touched_by=np.array([2, 1, 0, 4, 0, 1]),
        n_users=8,
        relevant=relevant,
        primitive=array([3, 0], [3, 0]),
        category=CATEGORY,
        tastes=tastes(histories, content()),
    )
    found = around.measure(judged, 2)
    assert found == {
        "average_popularity@2": pytest.approx((0.5 + 4) / 2),
        "novelty@2": pytest.approx((3 + 1) / 2),
        "serendipity@2": pytest.approx(0.25),
        "calibration@2": pytest.approx(math.log(1 / 0.505)),
        "user_coverage@2": pytest.approx(0.5),
    }


def test_nobody_with_a_taste_has_no_calibration() -> None:
    relevant = sparse.csr_array((1, 6), dtype=np.float32)
    judged = judgement(array([1, 2]), relevant, np.array([0], np.int32), ks=(2,))
    around = Surroundings(np.ones(6, np.int64), 1, relevant, array([0, 1]), CATEGORY, np.zeros((1, 3)))
    assert "calibration@2" not in around.measure(judged, 2)
