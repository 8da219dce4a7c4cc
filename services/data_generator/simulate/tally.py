"""What was asked, answered and done, counted in a room that does not grow with the traffic."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from recsys.domain import EventType

KEPT_TIMES = 20_000
"""Percentiles are over this many of the newest requests."""


@dataclass(slots=True)
class Shown:
    """What became of one algorithm's lists."""

    lists: int = 0
    items: int = 0
    clicked: int = 0
    """Lists with a click."""
    events: Counter[EventType] = field(default_factory=Counter)

    @property
    def click_through(self) -> float:
        """Share of the lists with a click; NaN before the first list."""
        return self.clicked / self.lists if self.lists else float("nan")


class Tally:
    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        """By call, ids left out."""
        self.errors: Counter[str] = Counter()
        """By status, or by what the connection died of."""
        self.events: Counter[EventType] = Counter()
        """Acknowledged ones."""
        self.shown: dict[str, Shown] = {}
        """By algorithm."""
        self.sessions = 0
        self.newcomers = 0
        self.skipped = 0
        """Actions that were due while the API was away or too slow for them."""
        self._seconds: deque[float] = deque(maxlen=KEPT_TIMES)

    def request(self, call: str, seconds: float, error: str | None) -> None:
        self.requests[call] += 1
        self._seconds.append(seconds)
        if error:
            self.errors[error] += 1

    def list_shown(self, algorithm: str, items: int) -> None:
        shown = self.shown.setdefault(algorithm, Shown())
        shown.lists += 1
        shown.items += items

    def acknowledged(self, types: Iterable[EventType], algorithm: str | None) -> None:
        """Events that the API took; `algorithm` is whose list they answer to."""
        for kind in types:
            self.events[kind] += 1
            if algorithm:
                self.shown.setdefault(algorithm, Shown()).events[kind] += 1

    def refused_rows(self, statuses: Iterable[int]) -> None:
        """Rows of a batch that the API did not take."""
        self.errors.update(f"row {int(status)}" for status in statuses)

    def list_clicked(self, algorithm: str) -> None:
        """A list got its first click."""
        self.shown.setdefault(algorithm, Shown()).clicked += 1

    @property
    def total(self) -> int:
        return self.requests.total()

    def percentile(self, share: float) -> float:
        """Seconds within which this share (0..1) of the newest requests was answered; NaN before the first."""
        return float(np.quantile(self._seconds, share)) if self._seconds else float("nan")
