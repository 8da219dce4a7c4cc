"""What the diversity dial costs and brings: the hybrid's lists re-ranked as the API re-ranks them, on the test part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys.algorithms.base import Histories, IndexArray, Recommender, TrainingData
from recsys.domain import Algorithm
from recsys.evaluation import metrics
from recsys.evaluation.beyond_accuracy import calibration_at_k, tastes
from recsys.evaluation.ranking import NO_ITEM, rank
from recsys.reranking.greedy import Dials, Float64Array, Pool, pool_size, rerank
from recsys.reranking.likeness import Places, likeness

DIALS = tuple(round(0.1 * step, 1) for step in range(11))
MOST_USERS = 300
"""Enough for a curve, and a second or two."""
BATCH = 50


@dataclass(frozen=True, slots=True)
class DialQuality:
    """Means over users of their first k items at one setting of the dial."""

    diversity: float
    ndcg: float
    categories: float
    """Distinct ones in a list."""
    distance: float
    """Of two items within a list, 0..1, by content and co-occurrence: what the re-ranking keeps apart."""
    calibration: float
    """Divergence from the user's taste: lower fits better."""


@dataclass(frozen=True, slots=True)
class _Candidates:
    columns: IndexArray
    """(m,) best first"""
    pool: Pool


@dataclass(frozen=True, slots=True)
class _Audience:
    everybody: Sequence[_Candidates]
    """Of each of n users."""
    relevant: sparse.csr_array
    """(n, n_items)"""
    category: IndexArray
    """(n_items,)"""
    liked: Float64Array
    """(n, n_categories)"""
    k: int

    def measured(self, dials: Dials) -> DialQuality:
        orders = [rerank(each.pool, self.k, dials)[0] for each in self.everybody]
        chosen = list(zip(self.everybody, orders, strict=True))
        lists = np.stack([each.columns[order] for each, order in chosen])
        known = self.liked.any(axis=1)
        calibration = calibration_at_k(lists[known], self.category, self.liked[known], self.k)
        ndcg = metrics.ndcg_at_k(metrics.hits_of(lists, self.relevant), np.diff(self.relevant.indptr), self.k)
        return DialQuality(
            diversity=dials.diversity,
            ndcg=float(ndcg.mean()),
            categories=float(np.mean([len(np.unique(self.category[row])) for row in lists])),
            distance=float(np.mean([_distance(each.pool, order) for each, order in chosen])),
            calibration=float(calibration.mean()) if len(calibration) else 0.0,
        )


def trade_off(
    models: Mapping[Algorithm, Recommender],
    train: TrainingData,
    relevant: sparse.csr_array,
    users: IndexArray,
    *,
    k: int,
) -> Sequence[DialQuality]:
    """The curve, over the first `MOST_USERS` of `users`; empty where the catalogue is too small for lists of k.

    Args:
        models: fitted on `train`, the hybrid among them
        train: what came before the test part
        relevant: (n_users, n_items) whose stored entries came to be liked
        users: (n,) rows that are asked for
        k: length of the lists
    """
    asked = users[:MOST_USERS]
    histories = train.histories.rows(asked)
    liked = tastes(histories, train.content)
    everybody = [each for each in _candidates(models, train, histories, liked, k) if len(each.columns) > k]
    if not len(asked) or len(everybody) < len(asked):
        return []
    audience = _Audience(everybody, relevant[asked], train.content.category, liked, k)
    return [audience.measured(Dials(dial)) for dial in DIALS]


def _candidates(
    models: Mapping[Algorithm, Recommender], train: TrainingData, histories: Histories, liked: Float64Array, k: int
) -> Iterator[_Candidates]:
    hybrid, category = models[Algorithm.HYBRID], train.content.category
    for start in range(0, len(histories), BATCH):
        rows = histories.rows(np.arange(start, min(start + BATCH, len(histories)), dtype=np.int32))
        scores = hybrid.fold_in(rows)
        for row, ranked in enumerate(rank(scores, rows.weights, pool_size(k))):
            columns = ranked[ranked != NO_ITEM]
            places, nothing = Places(category[columns], columns), np.zeros(len(columns))
            pool = Pool(
                scores=scores[row, columns].astype(np.float64),
                likeness=likeness(models, places),
                category=places.category,
                taste=np.append(liked[start + row], 0.0),
                familiarity=nothing,
                expectedness=nothing,
            )
            yield _Candidates(columns, pool)


def _distance(pool: Pool, order: IndexArray) -> float:
    near = pool.likeness[np.ix_(order, order)]
    return 1.0 - float(near.sum() - np.trace(near)) / (len(order) * (len(order) - 1))
