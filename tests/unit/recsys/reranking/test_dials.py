"""What each dial does to the lists of a generated world, in the mean over its users."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from recsys.algorithms.content_based import ContentBased
from recsys.domain import Algorithm
from recsys.evaluation import metrics
from recsys.evaluation.beyond_accuracy import calibration_at_k
from recsys.reranking.greedy import Dials, Pool, rerank
from tests.unit.recsys.reranking.conftest import Generated, N

GRID = np.linspace(0, 1, 11)

Measure = Callable[[Pool, np.ndarray], float]


def over_the_grid(generated: Generated, dial: str, measure: Measure) -> list[float]:
    return [
        float(np.mean([measure(pool, rerank(pool, N, Dials(**{dial: value}))[0]) for pool in generated.pools]))
        for value in GRID
    ]


def lists(generated: Generated, dials: Dials) -> np.ndarray:
    orders = [rerank(pool, N, dials)[0] for pool in generated.pools]
    return np.stack([row[order] for row, order in zip(generated.items, orders, strict=True)])


def distinct(pool: Pool, order: np.ndarray) -> float:
    return len(set(pool.category[order].tolist()))


def distance(pool: Pool, order: np.ndarray) -> float:
    near = pool.likeness[np.ix_(order, order)]
    return 1 - float(near.sum() - np.trace(near)) / (N * (N - 1))


@pytest.mark.parametrize("measure", [distinct, distance])
def test_categories_and_distance_within_a_list_grow_with_diversity(generated: Generated, measure: Measure) -> None:
    grown = over_the_grid(generated, "diversity", measure)
    assert grown == sorted(grown)
    assert grown[5] > grown[0]
    assert grown[-1] > grown[5]


def test_so_does_the_distance_of_the_texts(generated: Generated) -> None:
    content = generated.models[Algorithm.CONTENT_BASED]
    assert isinstance(content, ContentBased)
    vectors = content.items
    grown = [
        float(metrics.intra_list_diversity_at_k(lists(generated, Dials(value)), vectors, N).mean()) for value in GRID
    ]
    assert np.diff(grown).min() > -1e-4
    assert grown[-1] > grown[0] + 0.01


def test_a_little_of_it_calibrates_the_list(generated: Generated) -> None:
    taste = np.stack([pool.taste[:-1] for pool in generated.pools])
    plain, some = (
        calibration_at_k(lists(generated, Dials(value)), generated.data.content.category, taste, N).mean()
        for value in (0, 0.3)
    )
    assert some < 0.9 * plain


@pytest.mark.parametrize(("dial", "field"), [("novelty", "familiarity"), ("serendipity", "expectedness")])
def test_the_known_and_the_expected_fall_with_their_dials(generated: Generated, dial: str, field: str) -> None:
    fallen = over_the_grid(generated, dial, lambda pool, order: float(getattr(pool, field)[order].mean()))
    assert fallen == sorted(fallen, reverse=True)
    assert fallen[-1] < 0.95 * fallen[0]


@pytest.mark.parametrize("dial", ["diversity", "novelty", "serendipity"])
def test_they_are_paid_for_with_scores(generated: Generated, dial: str) -> None:
    scores = over_the_grid(generated, dial, lambda pool, order: float(pool.scores[order].mean()))
    assert scores == sorted(scores, reverse=True)
