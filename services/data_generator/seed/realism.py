"""What the generated events look like, counted from the rows as they go by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_generator.behaviour.events import MILLI, EventBlock
from data_generator.plan import DAY
from recsys.domain import EventType

TOP_SHARE = 0.01
ZIPF_RANKS = (10, 0.1)
"""From this rank to this share of the catalogue: the head is flat and the tail is noise."""


@dataclass(frozen=True, slots=True)
class Realism:
    interactions: int
    top_items_share: float
    """Share of the events on the 1 % of items that have the most."""
    untouched_share: float
    """Share of the items without an event."""
    zipf_exponent: float
    """Slope of log events over log rank."""
    fewest: int
    """Events of the user who has the fewest."""
    median: float
    most: int
    type_shares: dict[EventType, float]
    mean_rating: float
    weekend_uplift: float
    """Events of a day at the weekend over those of a working day, UTC."""
    evening_uplift: float
    """Events of 18 to 22 h over those of 2 to 6 h, UTC."""


class Tally:
    """Adds up blocks of events; as large as the users and items, whatever the events."""

    def __init__(self, users: int, items: int) -> None:
        self._users = np.zeros(users, np.int64)
        self._items = np.zeros(items, np.int64)
        self._types = np.zeros(len(EventType), np.int64)
        self._weekdays = np.zeros(7, np.int64)
        self._hours = np.zeros(24, np.int64)
        self._ratings = 0.0

    def add(self, events: EventBlock) -> None:
        seconds = events.occurred_at // MILLI
        _count(self._users, events.users)
        _count(self._items, events.items)
        _count(self._types, events.types)
        _count(self._weekdays, (seconds // int(DAY) + 3) % 7)
        _count(self._hours, seconds % int(DAY) // 3600)
        self._ratings += float(np.nansum(events.values))

    def realism(self) -> Realism:
        """Of everything added so far, at least one event."""
        total = int(self._types.sum())
        ranked = np.sort(self._items)[::-1]
        types = dict(zip(EventType, (self._types / total).tolist(), strict=True))
        return Realism(
            interactions=total,
            top_items_share=float(ranked[: max(1, round(TOP_SHARE * len(ranked)))].sum() / total),
            untouched_share=float((ranked == 0).mean()),
            zipf_exponent=_zipf_exponent(ranked),
            fewest=int(self._users.min()),
            median=float(np.median(self._users)),
            most=int(self._users.max()),
            type_shares=types,
            mean_rating=self._ratings / max(1, int(self._types[list(EventType).index(EventType.RATING)])),
            weekend_uplift=float(self._weekdays[5:].mean() / max(1.0, self._weekdays[:5].mean())),
            evening_uplift=float(self._hours[18:22].sum() / max(1, self._hours[2:6].sum())),
        )


def _count(into: NDArray[np.int64], positions: NDArray[np.integer]) -> None:
    into += np.bincount(positions, minlength=len(into))


def _zipf_exponent(ranked: NDArray[np.int64]) -> float:
    """NaN where too few items have events."""
    first, last = ZIPF_RANKS[0], int(ZIPF_RANKS[1] * len(ranked))
    ranks = np.arange(first, last)
    counts = ranked[first:last]
    known = counts > 0
    if known.sum() < first:
        return float("nan")
    return float(-np.polyfit(np.log(ranks[known] + 1), np.log(counts[known]), 1)[0])
