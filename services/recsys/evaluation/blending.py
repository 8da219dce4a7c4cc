"""Choosing the weights of a blend on a validation part, from scores that are computed once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.algorithms.base import FloatArray, Histories, IndexArray, Recommender
from recsys.evaluation.metrics import PerUser
from recsys.evaluation.ranking import NO_ITEM, rank

DEPTH = 100
"""Of each component's list: what a blend puts on top stands high in one of its components'."""
BATCH = 128
BLOCK_SCORES = 1_000_000
"""Compared at once: what stays in the processor's cache."""
STARTS = 16
STEPS = (0.4, 0.2, 0.1, 0.05)
GAIN = 1e-5
"""A smaller improvement is none."""

Lengths = int | Sequence[int]


@dataclass(frozen=True)
class Shortlist:
    """The items that any component ranks high for each user, with each one's score in its own units."""

    names: tuple[str, ...]
    scores: FloatArray
    """(n_components, n, width)"""
    valid: NDArray[np.bool_]
    """(n, width) False for places to ignore"""
    relevant: NDArray[np.bool_]
    """(n, width)"""
    n_relevant: NDArray[np.int32]
    """(n,)"""

    def ndcg(self, weights: NDArray[np.float64], k: Lengths, user_weights: NDArray[np.float64] | None = None) -> float:
        """Mean NDCG@k of the blend with these weights, (n_components,); users count by `user_weights`, (n,)."""
        return float(np.average(self.ndcg_of_each(weights, k), weights=user_weights))

    def ndcg_of_each(self, weights: NDArray[np.float64], k: Lengths) -> PerUser:
        """(n,) NDCG@k of each user's list, the mean of several k."""
        ks = [k] if isinstance(k, int) else k
        total = np.tensordot(weights.astype(np.float32), self.scores, axes=1)
        total[~self.valid] = -np.inf
        places = _places(total, *self._wanted)
        return np.asarray(np.mean([self._ndcg(places, each) for each in ks], axis=0))

    @cached_property
    def _wanted(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows and columns of the relevant items."""
        rows, columns = np.nonzero(self.relevant)
        return rows, columns

    def _ndcg(self, places: NDArray[np.int64], k: int) -> PerUser:
        """From the place of each relevant item in its user's list, 0 on top."""
        gains = np.where(places < k, 1 / np.log2(places + 2), 0.0)
        gained = np.bincount(self._wanted[0], gains, minlength=len(self.n_relevant))
        ideal = np.r_[0, np.cumsum(1 / np.log2(np.arange(2, k + 2)))][np.minimum(self.n_relevant, k)]
        ndcg: PerUser = np.divide(gained, ideal, out=np.zeros(len(ideal)), where=ideal > 0)
        return ndcg

    def of(self, users: NDArray[np.bool_]) -> Shortlist:
        """That of some users, (n,) mask."""
        return Shortlist(
            self.names, self.scores[:, users], self.valid[users], self.relevant[users], self.n_relevant[users]
        )


def _places(scores: FloatArray, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """(m,) how many columns of `rows` stand before `columns`: with a higher score, or as high and further left.

    Only these are counted, so that nothing is sorted.
    """
    before = np.empty(len(rows), np.int64)
    step = max(1, BLOCK_SCORES // scores.shape[1])
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        block, own = scores[rows[part]], scores[rows[part], columns[part]][:, None]
        left = np.arange(scores.shape[1]) < columns[part][:, None]
        before[part] = ((block > own) | ((block == own) & left)).sum(axis=1)
    return before


@dataclass(frozen=True)
class ChosenWeights:
    weights: dict[str, float]
    """Sum to one; a component that brings nothing is left out."""
    ndcg: float
    """NDCG@k of the blend on the users that it was chosen on."""
    alone: dict[str, float]
    """The same of each component alone."""


def shortlist(
    components: Mapping[str, Recommender],
    histories: Histories,
    relevant: sparse.csr_array,
    users: IndexArray,
    *,
    depth: int = DEPTH,
    batch: int = BATCH,
) -> Shortlist:
    """Score the catalogue for `users` with each component and keep what can matter.

    Args:
        components: by name, fitted on `histories`
        histories: (n_users, n_items) of the training part; what they touched is not ranked
        relevant: (n_users, n_items) whose stored entries are the relevant items
        users: (n,) at least one, each with a relevant item; some hundreds are enough
        depth: items kept from the top of each component's list
        batch: users scored at once
    """
    blocks = []
    for start in range(0, len(users), batch):
        rows = users[start : start + batch]
        part = histories.rows(rows)
        touched = np.diff(part.weights.indptr)
        scored = [
            component.score(rows, part) * component.spread.units(touched)[:, None] for component in components.values()
        ]
        blocks.append(_block(scored, part, relevant[rows], depth))
    scores, valid, hits = zip(*blocks, strict=True)
    return Shortlist(
        names=tuple(components),
        scores=np.concatenate(scores, axis=1),
        valid=np.concatenate(valid),
        relevant=np.concatenate(hits),
        n_relevant=np.diff(relevant[users].indptr),
    )


def _block(
    scored: Sequence[FloatArray], part: Histories, relevant: sparse.csr_array, depth: int
) -> tuple[FloatArray, NDArray[np.bool_], NDArray[np.bool_]]:
    items = np.sort(np.hstack([rank(scores, part.weights, depth) for scores in scored]), axis=1)
    repeated = np.zeros(items.shape, bool)
    repeated[:, 1:] = items[:, 1:] == items[:, :-1]
    valid = (items != NO_ITEM) & ~repeated
    places = np.where(valid, items, 0)
    own = [np.take_along_axis(scores, places, axis=1) for scores in scored]
    wanted = np.take_along_axis(relevant.toarray() > 0, places, axis=1) & valid
    return np.stack(own), valid, wanted


def choose_weights(
    candidates: Shortlist, *, k: Lengths = 10, seed: int = 0, user_weights: NDArray[np.float64] | None = None
) -> ChosenWeights:
    """The weights on the simplex that maximise NDCG@k (of several k the mean).

    The best of some starts is improved coordinate by coordinate.

    The starts are each component alone, all alike, and a few drawn evenly from the simplex. Deterministic by `seed`.
    A user counts as much as `user_weights`, (n,), says; None: all alike.
    """
    count = len(candidates.names)

    def value_of(weights: NDArray[np.float64]) -> float:
        return candidates.ndcg(weights, k, user_weights)

    alone = [value_of(row) for row in np.eye(count)]
    drawn = np.random.default_rng(seed).dirichlet(np.ones(count), STARTS)
    starts = [np.full(count, 1 / count), *drawn]
    values = [value_of(weights) for weights in starts]
    best, value = max(zip([*np.eye(count), *starts], [*alone, *values], strict=True), key=lambda pair: pair[1])
    for step in STEPS:
        best, value = _climb(value_of, best, value, step)
    chosen = {name: round(float(weight), 4) for name, weight in zip(candidates.names, best, strict=True)}
    return ChosenWeights(
        weights={name: weight for name, weight in chosen.items() if weight > 0},
        ndcg=value,
        alone=dict(zip(candidates.names, alone, strict=True)),
    )


def _climb(
    value_of: Callable[[NDArray[np.float64]], float], weights: NDArray[np.float64], value: float, step: float
) -> tuple[NDArray[np.float64], float]:
    """Move one weight by `step` and renormalise, as long as that gains."""
    while True:
        moved = _moves(weights, step)
        values = [value_of(move) for move in moved]
        best = int(np.argmax(values))
        if values[best] <= value + GAIN:
            return weights, value
        weights, value = moved[best], values[best]


def _moves(weights: NDArray[np.float64], step: float) -> list[NDArray[np.float64]]:
    moves = []
    for place in range(len(weights)):
        for change in (step, -step):
            moved = weights.copy()
            moved[place] = max(0.0, moved[place] + change)
            if moved.sum() > 0:
                moves.append(moved / moved.sum())
    return moves
