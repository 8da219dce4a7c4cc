"""Events to weighted preferences: the one place where a view becomes a number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.algorithms.base import FloatArray, Histories, IndexArray
from recsys.domain import EVENT_CODES, EventType
from recsys.settings import EventWeights

SECONDS_PER_DAY = 86_400.0
SEEN_ONLY = np.float32(1e-3)
"""The weight of a pair whose events cancel out: too small to rank by, yet the item counts as seen."""


@dataclass(frozen=True, slots=True)
class Events:
    """Events as columns, one entry each, in any order."""

    users: IndexArray
    """Row of the user."""
    items: IndexArray
    """Column of the item."""
    types: NDArray[np.int8]
    """Position in `EventType`."""
    values: FloatArray
    """The rating; NaN for every other type."""
    at: NDArray[np.float64]
    """Unix seconds."""

    def __len__(self) -> int:
        return len(self.users)

    def where(self, mask: NDArray[np.bool_]) -> Events:
        return Events(self.users[mask], self.items[mask], self.types[mask], self.values[mask], self.at[mask])


def event_weights(events: Events, weights: EventWeights) -> FloatArray:
    """(n,) how much each event says about liking; a rating at the neutral point says nothing."""
    per_type = np.array([getattr(weights, event.value) for event in EventType], np.float32)
    result = per_type[events.types]
    rated = events.types == EVENT_CODES[EventType.RATING]
    result[rated] *= events.values[rated] - np.float32(weights.rating_neutral)
    if weights.half_life_days is not None and len(events):
        result *= np.exp2(-_days_before_the_last(events) / weights.half_life_days).astype(np.float32)
    return result


def _days_before_the_last(events: Events) -> NDArray[np.float64]:
    """(n,) how long before its user's last event each one was: so a list does not change because time goes by."""
    last = np.full(int(events.users.max()) + 1, -np.inf)
    np.maximum.at(last, events.users, events.at)
    days: NDArray[np.float64] = (last[events.users] - events.at) / SECONDS_PER_DAY
    return days


def to_histories(events: Events, *, n_users: int, n_items: int, weights: EventWeights) -> Histories:
    """Sum the events of each user and item.

    A pair whose weights cancel out keeps a tiny positive weight: the item was seen, and stays in the history.
    """
    if not len(events):
        return Histories.empty(n_users, n_items)
    pair = events.users.astype(np.int64) * n_items + events.items
    order = np.lexsort((events.at, pair))
    pair = pair[order]
    starts = np.flatnonzero(np.r_[True, pair[1:] != pair[:-1]])
    ends = np.r_[starts[1:], len(pair)] - 1
    rows, columns = np.divmod(pair[starts], n_items)
    indptr = np.searchsorted(rows, np.arange(n_users + 1)).astype(np.int32)
    summed = np.add.reduceat(event_weights(events, weights)[order], starts).astype(np.float32)
    summed[np.abs(summed) < SEEN_ONLY] = SEEN_ONLY
    shape = (n_users, n_items)
    return Histories(
        weights=sparse.csr_array((summed, columns.astype(np.int32), indptr), shape=shape),
        last_at=events.at[order][ends],
        ratings=_last_ratings(events, shape),
    )


def _last_ratings(events: Events, shape: tuple[int, int]) -> sparse.csr_array:
    rated = events.where(events.types == EVENT_CODES[EventType.RATING])
    if not len(rated):
        return sparse.csr_array(shape, dtype=np.float32)
    pair = rated.users.astype(np.int64) * shape[1] + rated.items
    order = np.lexsort((rated.at, pair))
    last = order[np.r_[pair[order][1:] != pair[order][:-1], True]]
    rows, columns = np.divmod(pair[last], shape[1])
    indptr = np.searchsorted(rows, np.arange(shape[0] + 1)).astype(np.int32)
    return sparse.csr_array((rated.values[last], columns.astype(np.int32), indptr), shape=shape)
