"""What to draw: sizes, seed and the moment that nothing happens after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum

import numpy as np

from recsys.domain import MAX_ID
from recsys.errors import DataRefused

DAY = 86_400.0
WEEK = 7 * DAY
HISTORY_DAYS = 730
MIN_EVENTS_PER_USER = 5
MIN_ITEMS = 25
MAX_USERS, MAX_ITEMS, MAX_INTERACTIONS = 10_000_000, 2_000_000, 999_999_999
FIRST_END, LAST_END = datetime(1980, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
DEFAULT_END = datetime(2026, 11, 1, tzinfo=UTC)
DEFAULT_SEED = 42


class Stream(IntEnum):
    """Independent sources of chance, so that a change in one part leaves the others as they were."""

    CATALOGUE = 0
    NAMES = 1
    TEXTS = 2
    TRENDS = 3
    POPULATION = 4
    BEHAVIOUR = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """All that the rows depend on. Two equal plans give equal rows, whatever the clock and the chunks are."""

    users: int = 10_000
    items: int = 50_000
    interactions: int = 500_000
    seed: int = DEFAULT_SEED
    end: datetime = DEFAULT_END
    """Midnight UTC at which history ends; it lasts two years."""

    def __post_init__(self) -> None:
        """Raises `DataRefused` for a size or date that no world can be drawn for."""
        _refuse_outside("--users", self.users, 1, MAX_USERS)
        _refuse_outside("--items", self.items, MIN_ITEMS, MAX_ITEMS)
        _refuse_outside("--seed", self.seed, 0, MAX_ID)
        if self.end.utcoffset() is None or not FIRST_END <= self.end <= LAST_END:
            raise DataRefused(f"--end must lie between {FIRST_END:%Y-%m-%d} and {LAST_END:%Y-%m-%d}.")
        fewest = MIN_EVENTS_PER_USER * self.users
        if self.interactions < fewest:
            raise DataRefused(
                f"--interactions {self.interactions:,} is too few: every user has at least {MIN_EVENTS_PER_USER} "
                f"events, so {self.users:,} users need {fewest:,} or more."
            )
        _refuse_outside("--interactions", self.interactions, fewest, MAX_INTERACTIONS)

    @property
    def start_at(self) -> float:
        """Unix seconds from which events happen."""
        return (self.end - timedelta(days=HISTORY_DAYS)).timestamp()

    @property
    def end_at(self) -> float:
        return self.end.timestamp()

    @property
    def weeks(self) -> int:
        """Weeks of history, the last one unfinished."""
        return -(-HISTORY_DAYS // 7)

    def rng(self, stream: Stream, block: int = 0) -> np.random.Generator:
        """The source of chance of one block of one stream."""
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(stream, block)))


def _refuse_outside(flag: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise DataRefused(f"{flag} {value:,} is out of range: {least:,} to {most:,}.")
