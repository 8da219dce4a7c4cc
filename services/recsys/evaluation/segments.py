"""Whom and what a model serves how well: by how much a user did, and by how old and how popular an item is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.algorithms.base import Histories, IndexArray
from recsys.evaluation import metrics
from recsys.evaluation.metrics import Counts

ACTIVITY = ("light", "medium", "heavy")
AGE = ("new", "recent", "old")
POPULARITY = ("tail", "middle", "head")
NEW_DAYS, RECENT_DAYS = 7.0, 30.0
SECONDS_PER_DAY = 86_400.0

Segments = NDArray[np.int8]
"""Place in the names of the segments."""


@dataclass(frozen=True, slots=True)
class SegmentQuality:
    by: str
    segment: str
    n_users: int
    """Users in it, or with something to find in it."""
    ndcg: float
    """Mean NDCG@k of their lists; by items, only those of the segment are wanted."""
    recall: float
    baseline_ndcg: float
    """NDCG@k of the lists that it is compared with."""


def user_activity(events_of: Counts, known: Counts) -> Segments:
    """Thirds of the users with events: (n,) for those that are asked.

    Args:
        events_of: (n,) how many touches each asked user has
        known: (n_users,) the same of all users; who has none does not count
    """
    some = known[known > 0]
    lower, upper = np.quantile(some, [1 / 3, 2 / 3], method="lower") if len(some) else (0, 0)
    return (np.greater(events_of, lower).astype(np.int8) + np.greater(events_of, upper)).astype(np.int8)


def item_age(histories: Histories, as_of: float) -> Segments:
    """(n_items,) new: nobody touched it, or for the first time in the last week; recent: in the last month.

    The first time is that of the earliest of its users' last events, which is what histories keep.
    """
    first = np.full(histories.weights.shape[1], np.inf)
    np.minimum.at(first, histories.weights.indices, histories.last_at)
    days = (as_of - first) / SECONDS_PER_DAY
    return (np.greater(days, NEW_DAYS).astype(np.int8) + np.greater(days, RECENT_DAYS)).astype(np.int8)


def item_popularity(touched_by: Counts) -> Segments:
    """(n_items,) the most popular items that together have a third of all touches are the head, the next the middle.

    Items alike in popularity are in one segment, the more popular one of those that they reach into.
    """
    order = np.argsort(-touched_by, kind="stable")
    ordered = touched_by[order]
    before = np.r_[0, np.cumsum(ordered)[:-1]][: len(ordered)]
    alike = np.searchsorted(-ordered, -ordered)
    share = before[alike] / max(int(ordered.sum()), 1)
    found = np.empty(len(ordered), np.int8)
    found[order] = 2 - (np.greater_equal(share, 1 / 3).astype(np.int8) + np.greater_equal(share, 2 / 3))
    found[touched_by == 0] = 0
    return found


@dataclass(frozen=True)
class Lists:
    """What is measured by segment."""

    ranked: IndexArray
    """(n, at least k)"""
    baseline: IndexArray
    """(n, at least k) the lists to compare with"""
    wanted: sparse.csr_array
    """(n, n_items) whose stored entries are the relevant items"""
    k: int

    def by_users(self, of_user: Segments) -> list[SegmentQuality]:
        """For each segment of users that has any; `of_user` is (n,), of `ACTIVITY`."""
        masks = ((name, np.flatnonzero(of_user == place)) for place, name in enumerate(ACTIVITY))
        return [self._quality("activity", name, rows, self.wanted[rows]) for name, rows in masks if len(rows)]

    def by_items(self, age: Segments, popularity: Segments) -> list[SegmentQuality]:
        """For each segment of items of which somebody wants one: the lists are the same, what is wanted less.

        `age` and `popularity` are (n_items,), of `AGE` and `POPULARITY`.
        """
        found = []
        for by, name, columns in _item_segments(age, popularity):
            kept = self.wanted.multiply(columns[None, :]).tocsr()
            kept.eliminate_zeros()
            rows = np.flatnonzero(np.diff(kept.indptr))
            if len(rows):
                found.append(self._quality(by, name, rows, kept[rows]))
        return found

    def _quality(self, by: str, name: str, rows: NDArray[np.int64], wanted: sparse.csr_array) -> SegmentQuality:
        k, count = self.k, np.diff(wanted.indptr)
        hits, theirs = (metrics.hits_of(lists[rows, :k], wanted) for lists in (self.ranked, self.baseline))
        return SegmentQuality(
            by,
            name,
            len(rows),
            ndcg=float(metrics.ndcg_at_k(hits, count, k).mean()),
            recall=float(metrics.recall_at_k(hits, count, k).mean()),
            baseline_ndcg=float(metrics.ndcg_at_k(theirs, count, k).mean()),
        )


def _item_segments(age: Segments, popularity: Segments) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    for by, names, of_item in (("item age", AGE, age), ("item popularity", POPULARITY, popularity)):
        for place, name in enumerate(names):
            yield by, name, of_item == place
