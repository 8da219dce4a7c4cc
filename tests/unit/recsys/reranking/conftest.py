"""A generated world, small and yet with tastes, and what models learned from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest

from recsys.algorithms.base import Recommender, TrainingData
from recsys.algorithms.hybrid import Hybrid
from recsys.algorithms.registry import create
from recsys.domain import Algorithm
from recsys.evaluation.beyond_accuracy import tastes
from recsys.reranking.greedy import Pool, pool_size
from recsys.reranking.likeness import Places, expectedness, likeness
from tests.unit.recsys.generated import ITEMS, USERS, generated_data

N = 10
SETTINGS = {
    Algorithm.POPULARITY: {},
    Algorithm.ITEM_BASED: {},
    Algorithm.ALS: {"factors": 16, "iterations": 5},
    Algorithm.CONTENT_BASED: {},
}

NOTHING = np.empty(0)
EMPTY = Pool(NOTHING, np.empty((0, 0), np.float32), np.empty(0, np.int32), NOTHING, NOTHING, NOTHING)


@dataclass(frozen=True)
class Generated:
    data: TrainingData
    models: Mapping[Algorithm, Recommender]
    pools: tuple[Pool, ...]
    """Of each user's hybrid list."""
    items: np.ndarray
    """(n_users, k) the columns in each pool"""


@pytest.fixture(scope="package")
def generated() -> Generated:
    data = generated_data()
    models: dict[Algorithm, Recommender] = {name: create(name, values).fit(data) for name, values in SETTINGS.items()}
    models[Algorithm.HYBRID] = hybrid = Hybrid().bind(models)
    scores = hybrid.fold_in(data.histories).astype(np.float64)
    scores[data.histories.weights.nonzero()] = -np.inf
    items = np.argsort(-scores, axis=1, kind="stable")[:, : pool_size(N)].astype(np.int32)
    shares = np.column_stack([tastes(data.histories, data.content), np.zeros(USERS)])
    best = np.take_along_axis(scores, items, axis=1)
    pools = tuple(
        _pool(data, models, row, items[row], replace(EMPTY, scores=best[row], taste=shares[row]))
        for row in range(USERS)
    )
    return Generated(data, models, pools, items)


def _pool(
    data: TrainingData, models: Mapping[Algorithm, Recommender], row: int, items: np.ndarray, begun: Pool
) -> Pool:
    places = Places(data.content.category[items], items)
    touched_by = np.bincount(data.histories.weights.indices, minlength=ITEMS)
    history = data.histories.rows(np.array([row], np.int32))
    return replace(
        begun,
        likeness=likeness(models, places),
        category=places.category,
        familiarity=np.searchsorted(np.sort(touched_by), touched_by[items]) / ITEMS,
        expectedness=expectedness(models, places, begun.taste, history),
    )
