from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recommendation_api.serving.diversity import diversify
from recommendation_api.serving.ranking import Ranking
from tests.unit.recommendation_api.serving.running import Running, categories, ids

pytestmark = pytest.mark.anyio

strengths = st.floats(0, 1)


@st.composite
def pools(draw: st.DrawFn) -> tuple[Ranking, np.ndarray]:
    k = draw(st.integers(1, 12))
    scores = np.sort(draw(arrays(np.float64, k, elements=st.floats(-2, 5))))[::-1]
    likeness = draw(arrays(np.float32, (k, k), elements=st.floats(0, 1, width=32)))
    ranking = Ranking(np.arange(k, dtype=np.int32), np.zeros(k, np.int32), {"als": scores})
    return ranking, np.maximum(likeness, likeness.T)


@given(pools(), st.integers(1, 15), strengths)
def test_the_list_keeps_its_length_its_order_and_its_sum(
    pool: tuple[Ranking, np.ndarray], n: int, strength: float
) -> None:
    ranking, likeness = pool
    chosen = diversify(ranking, likeness, n, strength)
    k = len(ranking.positions)
    assert len(set(chosen.positions.tolist())) == len(chosen.positions) == min(n, k)
    assert np.all(np.diff(chosen.scores) <= 1e-9)
    assert np.allclose(chosen.shares["als"], ranking.shares["als"][chosen.positions])


@given(pools())
def test_without_strength_the_order_stays(pool: tuple[Ranking, np.ndarray]) -> None:
    ranking, likeness = pool
    chosen = diversify(ranking, likeness, 20, 0)
    assert np.allclose(chosen.scores, ranking.scores)


def test_the_second_place_goes_to_what_is_unlike_the_first() -> None:
    ranking = Ranking(np.arange(3, dtype=np.int32), np.zeros(3, np.int32), {"als": np.array([1.0, 0.9, 0.5])})
    likeness = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], np.float32)
    assert diversify(ranking, likeness, 2, 0.2).positions.tolist() == [0, 1]
    assert diversify(ranking, likeness, 2, 0.7).positions.tolist() == [0, 2]


async def test_more_diversity_shows_more_categories_and_never_less_than_n(running: Running) -> None:
    lists = [await running.ask(1, 20, diversity=strength) for strength in (0, 0.5, 1)]
    shown = [len(set(categories(answer))) for answer in lists]
    assert shown[0] < shown[1] <= shown[2]
    assert [len(set(ids(answer))) for answer in lists] == [20, 20, 20]
