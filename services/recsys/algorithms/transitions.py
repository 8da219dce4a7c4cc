"""Next-item transitions: what people turned to soon after the things that the user touched last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.algorithms.base import FloatArray, Histories, TrainingData
from recsys.algorithms.item_items import ItemItems
from recsys.algorithms.neighbourhoods import nearest
from recsys.algorithms.weighting import (
    Weighting,
    inverse_power,
    row_numbers,
    scale_columns,
    scale_rows,
    steps_back,
    strengths,
    with_data,
)
from recsys.domain import Algorithm

CHUNK_PAIRS = 8_000_000
"""Bound on the pairs of events that are held at once."""


@dataclass(frozen=True)
class TransitionsConfig:
    window: int = 20
    """Events on either side of one that it is paired with."""
    decay: float = 0.8
    """A pair counts this much less for each moment between its two events."""
    backward: float = 0.2
    """How much what came before counts, as a share of what came after: 1 forgets the order."""
    user_exponent: float = 0.5
    """How much a user with many items is discounted; items get the rest."""
    power: float = 0.4
    """Each transition is raised to it: below 1 rare ones count more."""
    recency: float = 0.7
    """In a history each event counts this much less than those one moment later."""
    neighbours: int = 500
    """Kept per item, the strongest; 0 keeps all."""
    weighting: Weighting = "binary"
    """How the summed events of a user and an item count."""


class Transitions(ItemItems):
    """score = H P with P_ij = (sum over users who touched i and j, d moments apart, of decay^(d-1) x direction)^power.

    A first-order Markov chain (Rendle, Freudenthaler and Schmidt-Thieme, WWW 2010) whose counts reach further than one
    step, as in the sequential rules of Ludewig and Jannach (UMUAI 2018), normalised by the degrees of users and items
    like the item-based filter. Each item stands at its last event; what happened at one moment counts half in either
    direction. Dislikes teach no transition; in a history they score down what follows them.
    """

    name = Algorithm.TRANSITIONS
    config_class = TransitionsConfig
    config: TransitionsConfig

    def fit(self, data: TrainingData) -> Self:
        weights = strengths(data.histories.weights, self.config.weighting)
        likes = with_data(weights, np.maximum(weights.data, np.float32(0)))
        users = inverse_power(likes.sum(axis=1), self.config.user_exponent)
        items = inverse_power(likes.sum(axis=0), 1 - self.config.user_exponent)
        walk = _Walk.of(data.histories, scale_rows(likes, users))
        blocks = [self._cut(block, items, first) for first, block in walk.blocks(self.config)]
        size = weights.shape[1]
        self.similarity = sparse.vstack(blocks, format="csr") if blocks else sparse.csr_array((size, size), np.float32)
        return self.measured(data.histories)

    def _cut(self, block: sparse.csr_array, items: FloatArray, first: int) -> sparse.csr_array:
        scaled = scale_columns(scale_rows(block, items[first : first + block.shape[0]]), items)
        scaled.eliminate_zeros()
        return nearest(with_data(scaled, scaled.data ** np.float32(self.config.power)), self.config.neighbours)


@dataclass(frozen=True)
class _Walk:
    """Every user's items in the order of their last events, one user after the other, (nnz,) each."""

    users: NDArray[np.int32]
    items: NDArray[np.int32]
    moments: NDArray[np.int64]
    """Ascending within a user."""
    values: FloatArray
    n_items: int

    @classmethod
    def of(cls, histories: Histories, values: sparse.csr_array) -> Self:
        users, steps = row_numbers(values), -steps_back(histories)
        order = np.lexsort((values.indices, steps, users))
        return cls(users[order], values.indices[order], steps[order], values.data[order], values.shape[1])

    def blocks(self, config: TransitionsConfig) -> Iterator[tuple[int, sparse.csr_array]]:
        """(first item, rows from there on) of the summed pairs, from the first item to the last."""
        by_item = np.argsort(self.items, kind="stable")
        ends = np.cumsum(np.bincount(self.items, minlength=self.n_items))
        reach = min(config.window, int(np.bincount(self.users).max(initial=1)) - 1)
        budget = max(1, CHUNK_PAIRS // max(1, 2 * reach))
        first = 0
        while first < self.n_items:
            begin = int(ends[first - 1]) if first else 0
            last = max(first + 1, int(np.searchsorted(ends, begin + budget, side="right")))
            yield first, self._rows(by_item[begin : ends[last - 1]], first, last, reach, config)
            first = last

    def _rows(
        self, places: NDArray[np.int64], first: int, last: int, reach: int, config: TransitionsConfig
    ) -> sparse.csr_array:
        shape = (last - first, self.n_items)
        total = sparse.csr_array(shape, dtype=np.float32)
        for offset in (*range(-reach, 0), *range(1, reach + 1)):
            other = places + offset
            inside = (other >= 0) & (other < len(self.users))
            one, other = places[inside], other[inside]
            same = self.users[one] == self.users[other]
            one, other = one[same], other[same]
            distance = self.moments[other] - self.moments[one]
            value = self.values[one] * self.values[other] * _counts(distance, config)
            total = total + sparse.csr_array((value, (self.items[one] - first, self.items[other])), shape=shape)
        return total


def _counts(distance: NDArray[np.int64], config: TransitionsConfig) -> FloatArray:
    """What a pair counts whose second item came `distance` moments after the first."""
    direction = np.where(distance > 0, 1.0, np.where(distance < 0, config.backward, (1 + config.backward) / 2))
    counts: FloatArray = (direction * config.decay ** np.maximum(np.abs(distance) - 1, 0)).astype(np.float32)
    return counts
