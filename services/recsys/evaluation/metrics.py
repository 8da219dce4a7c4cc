"""The textbook's measures, vectorised: one value per user, so that means, segments and intervals come after.

A list is judged through `hits`, (n, k) bool: whether the item at that rank is relevant to that user. `n_relevant`,
(n,), counts the user's relevant items. Users without any get 0 throughout; means are taken over users that have some.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.algorithms.base import FloatArray, IndexArray

Hits = NDArray[np.bool_]
PerUser = NDArray[np.float64]
Counts = NDArray[np.integer]


def hits_of(ranked: IndexArray, relevant: sparse.csr_array) -> Hits:
    """(n, k) whether ranked[u, r] is stored in row u of `relevant`; an empty place (-1) is a miss."""
    n_items = np.int64(relevant.shape[1])
    rows = np.arange(len(ranked), dtype=np.int64)[:, None]
    owners = np.repeat(np.arange(relevant.shape[0], dtype=np.int64), np.diff(relevant.indptr))
    found: Hits = np.isin(rows * n_items + ranked, owners * n_items + relevant.indices) & (ranked >= 0)
    return found


def precision_at_k(hits: Hits, k: int) -> PerUser:
    """Hits among the first k, over k."""
    return _over(hits[:, :k].sum(axis=1), np.full(len(hits), k))


def recall_at_k(hits: Hits, n_relevant: Counts, k: int) -> PerUser:
    """Hits among the first k, over all relevant items."""
    return _over(hits[:, :k].sum(axis=1), n_relevant)


def hit_rate_at_k(hits: Hits, k: int) -> PerUser:
    """1 where any of the first k is relevant."""
    return np.where(hits[:, :k].any(axis=1), 1.0, 0.0)


def ndcg_at_k(hits: Hits, n_relevant: Counts, k: int) -> PerUser:
    """Binary gains discounted by 1 / log2(rank + 1), over those of a perfect list: min(|relevant|, k) hits on top.

    Järvelin and Kekäläinen, Cumulated gain-based evaluation of IR techniques, TOIS 2002.
    """
    discounts = 1 / np.log2(np.arange(2, k + 2))
    gained = hits[:, :k] @ discounts[: min(k, hits.shape[1])]
    ideal = np.r_[0, np.cumsum(discounts)]
    return _over(gained, ideal[np.minimum(n_relevant, k)])


def map_at_k(hits: Hits, n_relevant: Counts, k: int) -> PerUser:
    """Average precision: the precision at each hit's rank, summed over the first k, over min(|relevant|, k)."""
    top = hits[:, :k]
    precisions = np.cumsum(top, axis=1) / np.arange(1, top.shape[1] + 1)
    return _over((precisions * top).sum(axis=1), np.minimum(n_relevant, k))


def mrr(hits: Hits, cut: int = 100) -> PerUser:
    """1 / rank of the first hit, 0 where the first `cut` have none."""
    top = hits[:, :cut]
    return np.where(top.any(axis=1), 1 / (1 + top.argmax(axis=1)), 0.0)


def coverage_at_k(ranked: IndexArray, n_items: int, k: int) -> float:
    """Share of the catalogue that appears in anybody's first k."""
    return float(np.count_nonzero(exposure(ranked, n_items, k))) / max(n_items, 1)


def exposure(ranked: IndexArray, n_items: int, k: int) -> NDArray[np.int64]:
    """(n_items,) in how many lists an item appears among the first k."""
    top = ranked[:, :k]
    return np.bincount(top[top >= 0], minlength=n_items)


def gini(counts: Counts) -> float:
    """Inequality of exposure, 0 (all alike) towards 1 (one item has it all)."""
    ordered = np.sort(counts).astype(np.float64)
    total = ordered.sum()
    if total == 0:
        return 0.0
    n = len(ordered)
    return float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * total))


def average_popularity_at_k(ranked: IndexArray, touched_by: Counts, k: int) -> PerUser:
    """Mean number of users who touched the items of the list; `touched_by`: (n_items,)."""
    return _mean_over_list(ranked[:, :k], touched_by.astype(np.float64))


def novelty_at_k(ranked: IndexArray, touched_by: Counts, n_users: int, k: int) -> PerUser:
    """Mean self-information -log2(share of users who touched the item), an untouched item counted as touched once.

    Vargas and Castells, Rank and relevance in novelty and diversity metrics, RecSys 2011.
    """
    share = np.maximum(touched_by, 1) / max(n_users, 1)
    return _mean_over_list(ranked[:, :k], -np.log2(share))


def intra_list_diversity_at_k(ranked: IndexArray, vectors: sparse.csr_array, k: int) -> PerUser:
    """Mean of 1 - cosine over the pairs of a list; 0 for lists of one.

    Args:
        ranked: (n, at least k)
        vectors: (n_items, d), rows of length one or zero
        k: length of the lists
    """
    top = ranked[:, :k]
    rows, places = np.nonzero(top >= 0)
    ones = np.ones(len(rows), np.float64)
    lists = sparse.csr_array((ones, (rows, top[rows, places])), shape=(len(top), vectors.shape[0]))
    sums = lists @ vectors
    lengths = lists @ vectors.multiply(vectors).sum(axis=1)
    size = (top >= 0).sum(axis=1).astype(np.float64)
    pairs = size * (size - 1)
    similarity = _over(np.asarray(sums.multiply(sums).sum(axis=1)) - lengths, pairs)
    return np.where(pairs > 0, 1 - similarity, 0.0)


def rmse(predicted: FloatArray, actual: FloatArray) -> float:
    """Root of the mean squared error; NaN for none."""
    return float(np.sqrt(np.mean((predicted.astype(np.float64) - actual) ** 2))) if len(actual) else float("nan")


def mae(predicted: FloatArray, actual: FloatArray) -> float:
    """Mean absolute error; NaN for none."""
    return float(np.mean(np.abs(predicted.astype(np.float64) - actual))) if len(actual) else float("nan")


def _over(numerator: NDArray[Any], denominator: NDArray[Any]) -> PerUser:
    quotient: PerUser = np.divide(numerator, denominator, out=np.zeros(len(numerator)), where=denominator > 0)
    return quotient


def _mean_over_list(ranked: IndexArray, per_item: NDArray[np.float64]) -> PerUser:
    filled = ranked >= 0
    return _over((per_item[np.where(filled, ranked, 0)] * filled).sum(axis=1), filled.sum(axis=1))
