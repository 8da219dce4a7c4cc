from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recsys.reranking.greedy import Dials, Pool, pool_size, rerank

CATEGORIES = 3
settings = st.floats(0, 1)
dials = st.builds(Dials, settings, settings, settings, settings)


@st.composite
def pools(draw: st.DrawFn) -> Pool:
    k = draw(st.integers(0, 12))
    scores = np.sort(draw(arrays(np.float64, k, elements=st.floats(-2, 5))))[::-1]
    likeness = draw(arrays(np.float32, (k, k), elements=st.floats(0, 1, width=32)))
    category = draw(arrays(np.int32, k, elements=st.integers(-1, CATEGORIES - 1)))
    taste = draw(arrays(np.float64, CATEGORIES, elements=st.floats(0, 1)))
    shares = np.append(taste / max(taste.sum(), 1e-12), 0)
    alone = [draw(arrays(np.float64, k, elements=settings)) for _ in range(2)]
    return Pool(scores, np.maximum(likeness, likeness.T), category, shares, *alone)


def pool_of(scores: list[float], category: list[int], **more: np.ndarray) -> Pool:
    k = len(scores)
    plain = Pool(
        scores=np.array(scores),
        likeness=np.zeros((k, k), np.float32),
        category=np.array(category, np.int32),
        taste=np.zeros(CATEGORIES + 1),
        familiarity=np.zeros(k),
        expectedness=np.zeros(k),
    )
    return replace(plain, **more)


@given(pools(), st.integers(0, 15), dials)
def test_a_list_is_as_long_as_can_be_without_a_repeat_and_its_values_never_rise(
    pool: Pool, n: int, chosen: Dials
) -> None:
    order, values = rerank(pool, n, chosen)
    assert len(set(order.tolist())) == len(order) == len(values) == min(n, len(pool.scores))
    assert np.all(np.diff(values) <= 0)
    assert np.isfinite(values).all()


@given(pools(), st.integers(0, 15))
def test_without_dials_the_order_and_the_scores_stay(pool: Pool, n: int) -> None:
    order, values = rerank(pool, n, Dials())
    assert np.array_equal(order, np.arange(min(n, len(pool.scores))))
    assert np.array_equal(values, pool.scores[:n])


@given(pools(), st.integers(1, 12), settings, settings)
def test_no_category_has_more_than_its_cap_while_there_is_another(
    pool: Pool, n: int, diversity: float, cap: float
) -> None:
    chosen = Dials(diversity, category_cap=cap)
    most = chosen.most_of_one_category(n)
    order, _ = rerank(pool, n, chosen)
    free = sum(min(most, int((pool.category == code).sum())) for code in range(CATEGORIES))
    free += int((pool.category < 0).sum())
    within = pool.category[order[: min(len(order), free)]]
    assert np.bincount(within[within >= 0], minlength=1).max() <= most


@pytest.mark.parametrize(("diversity", "most"), [(0, 10), (0.5, 6), (1, 2)])
def test_the_cap_closes_with_the_dial(diversity: float, most: int) -> None:
    assert Dials(diversity, category_cap=0.2).most_of_one_category(10) == most
    assert Dials(diversity, category_cap=0).most_of_one_category(1) == 1


def test_the_second_place_goes_to_what_is_unlike_the_first() -> None:
    likeness = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], np.float32)
    pool = pool_of([1.0, 0.9, 0.5], [0, 1, 2], likeness=likeness)
    assert rerank(pool, 2, Dials(0.2))[0].tolist() == [0, 1]
    assert rerank(pool, 2, Dials(0.7))[0].tolist() == [0, 2]


def test_equally_good_items_come_in_the_proportions_of_the_taste() -> None:
    pool = pool_of([1.0] * 20, [0] * 10 + [1] * 10, taste=np.array([0.7, 0.3, 0, 0]))
    order, _ = rerank(pool, 10, Dials(0.1))
    assert np.bincount(pool.category[order]).tolist() == [7, 3]


def test_diversity_goes_beyond_the_taste() -> None:
    """A category that the user never chose from has its place where everything is asked for."""
    pool = pool_of([1.0] * 6 + [0.9] * 2, [0] * 6 + [1] * 2, taste=np.array([1.0, 0, 0, 0]))
    assert set(pool.category[rerank(pool, 4, Dials(1, category_cap=1))[0]].tolist()) == {0, 1}


@pytest.mark.parametrize("dial", ["novelty", "serendipity"])
def test_what_is_known_comes_later(dial: str) -> None:
    held = np.array([1.0, 0.0, 0.4])
    field = {"novelty": "familiarity", "serendipity": "expectedness"}[dial]
    pool = pool_of([1.0, 0.9, 0.8], [0, 1, 2], **{field: held})
    assert rerank(pool, 3, Dials())[0].tolist() == [0, 1, 2]
    assert rerank(pool, 3, Dials(**{dial: 1.0}))[0].tolist() == [1, 2, 0]


def test_even_the_strongest_of_them_leaves_the_score_a_say() -> None:
    pool = pool_of([1.0, 0.0], [0, 1], familiarity=np.array([0.4, 0.2]))
    assert rerank(pool, 2, Dials(novelty=1))[0].tolist() == [0, 1]


def test_the_pool_is_five_lists_or_five_hundred_items_larger() -> None:
    assert [pool_size(n) for n in (1, 10, 125, 500)] == [5, 50, 625, 1000]


@pytest.mark.parametrize(("chosen", "expected"), [(Dials(), False), (Dials(category_cap=0), False), (Dials(0.1), True)])
def test_a_dial_that_is_turned_counts(chosen: Dials, expected: bool) -> None:
    assert bool(chosen) is expected
