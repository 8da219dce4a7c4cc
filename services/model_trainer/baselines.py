"""What every model has to beat, shown beside them: chance, and what was popular of late."""

from __future__ import annotations

import numpy as np

from model_trainer.plan import Plan
from recsys.algorithms.base import IndexArray, Recommender, TrainingData
from recsys.algorithms.popularity import Popularity, PopularityConfig
from recsys.evaluation.ranking import rank

RANDOM = "random"
RECENT_POPULAR = "recent_popular"
BASELINES = (RANDOM, RECENT_POPULAR)
"""Judged and shown, never released; popularity itself is an algorithm of every release."""


def recent_popular(train: TrainingData, plan: Plan) -> Recommender:
    """Popularity whose events count half as much after each `recent_half_life_days`."""
    return Popularity(PopularityConfig(half_life_days=plan.recent_half_life_days)).fit(train)


def random_lists(train: TrainingData, users: IndexArray, k: int, *, seed: int, batch: int) -> IndexArray:
    """(n, k) drawn blindly from what each user had not touched."""
    rng = np.random.default_rng(seed)
    lists = [np.empty((0, k), np.int32)]
    for start in range(0, len(users), batch):
        rows = users[start : start + batch]
        scores = rng.random((len(rows), len(train.item_ids)), dtype=np.float32)
        lists.append(rank(scores, train.histories.weights[rows], k))
    return np.vstack(lists)
