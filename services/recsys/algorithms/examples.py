"""What a neural model is shown: histories with a few of their own items taken out, beside items drawn at random."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.algorithms.base import FloatArray, IndexArray
from recsys.algorithms.weighting import liked, row_numbers


@dataclass(frozen=True)
class Batch:
    """B examples, all of the same shape, so that one compiled step serves all of them."""

    history: IndexArray
    """(B, H) what the user touched; 0 where there is no more"""
    strengths: FloatArray
    """(B, H) how strongly, negative for a dislike; 0 where there is no more"""
    targets: IndexArray
    """(B, T) liked items, each to be told from the negatives by the rest of the history"""
    counts: FloatArray
    """(B, T) 1 for a target, 0 for a place that was left over"""
    negatives: IndexArray
    """(K,) drawn from the whole catalogue, each item as likely, for all examples alike"""
    allowed: NDArray[np.bool_]
    """(B, K) whether the user did not like it"""


@dataclass(frozen=True)
class Examples:
    """Every liked item of every user is a target once in an epoch."""

    strengths: sparse.csr_array
    """(n_users, n_items) of the events"""
    batch_size: int
    targets: int
    longest_history: int
    negatives: int

    def epochs(self, count: int, rng: np.random.Generator) -> Iterator[Batch]:
        """`len(self)` batches for each of `count` epochs; a target needs another event beside it."""
        likes = liked(self.strengths)
        for _ in range(count):
            users, targets, counts = self._dealt(likes, rng)
            order = np.resize(rng.permutation(len(users)), len(self) * self.batch_size)
            for chosen in order.reshape(-1, self.batch_size):
                yield self._batch(likes, users[chosen], targets[chosen], counts[chosen], rng)

    def __len__(self) -> int:
        """Batches in an epoch; 0 where nobody touched two items and liked one."""
        examples = np.ceil(self._sizes(liked(self.strengths)) / self.targets).sum()
        return ceil(float(examples) / self.batch_size)

    def _sizes(self, likes: sparse.csr_array) -> NDArray[np.int64]:
        """(n_users,) targets of each."""
        return np.where(np.diff(self.strengths.indptr) > 1, np.diff(likes.indptr), 0)

    def _dealt(
        self, likes: sparse.csr_array, rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], IndexArray, FloatArray]:
        """Each user's targets in random order, `targets` to an example: its user, targets and counts."""
        order = np.lexsort((rng.random(likes.nnz), row_numbers(likes)))
        sizes = self._sizes(likes)
        examples = np.ceil(sizes / self.targets).astype(np.int64)
        users = np.repeat(np.arange(len(sizes)), examples)
        first = likes.indptr[users] + self.targets * _ranks(examples)
        places = first[:, None] + np.arange(self.targets)
        counts = places < likes.indptr[users + 1][:, None]
        shown = likes.indices[order[np.minimum(places, max(likes.nnz - 1, 0))]] * counts
        return users, shown.astype(np.int32), counts.astype(np.float32)

    def _batch(
        self,
        likes: sparse.csr_array,
        users: NDArray[np.int64],
        targets: IndexArray,
        counts: FloatArray,
        rng: np.random.Generator,
    ) -> Batch:
        n_items = likes.shape[1]
        drawn = np.sort(rng.choice(n_items, min(self.negatives, n_items), replace=False)).astype(np.int32)
        allowed = likes[users][:, drawn].toarray() == 0
        return Batch(*self._histories(users, rng), targets, counts, drawn, allowed)

    def _histories(self, users: NDArray[np.int64], rng: np.random.Generator) -> tuple[IndexArray, FloatArray]:
        """(B, H) items and strengths: all of a short history, of a long one as many as fit, drawn."""
        rows = self.strengths[users]
        order = np.lexsort((rng.random(rows.nnz), row_numbers(rows)))
        places = rows.indptr[:-1][:, None] + np.arange(self.longest_history)
        there = places < rows.indptr[1:][:, None]
        entries = order[np.minimum(places, max(rows.nnz - 1, 0))]
        return (rows.indices[entries] * there).astype(np.int32), rows.data[entries] * there.astype(np.float32)


def _ranks(counts: NDArray[Any]) -> NDArray[Any]:
    """0, 1, .. counts[0] - 1, 0, 1, .. counts[1] - 1, and so on."""
    ends = np.cumsum(counts)
    ranks: NDArray[Any] = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts, counts)
    return ranks
