"""What the events are checked for before anything learns from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from model_trainer.decision import Reason, Refusal
from model_trainer.snapshot import Snapshot
from recsys.domain import EVENT_CODES, EventType
from recsys.preferences import Events
from recsys.settings import GateSettings

AHEAD_SECONDS = 300.0
"""Clocks differ; the API refuses what is further ahead."""
LOWEST_RATING, HIGHEST_RATING = 0.5, 5.0
OUTCOMES = PASSED, WARNING, REFUSED = ("passed", "warning", "refused")
COUNTED = ("events", "users", "items")


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    figure: float
    limit: float
    refusal: Refusal | None = None
    """None: it holds."""
    warn_above: float | None = None
    """What is above is told, though it holds; None: nothing is."""

    @property
    def outcome(self) -> str:
        """One of OUTCOMES."""
        if self.refusal:
            return REFUSED
        return PASSED if self.warn_above is None or self.figure <= self.warn_above else WARNING

    def __str__(self) -> str:
        mark = " (warning)" if self.outcome == WARNING else ""
        return f"{self.name} {self.figure:,.6g}{mark}"


def check_data(
    snapshot: Snapshot, now: datetime, limits: GateSettings, before: Mapping[str, Any] | None = None
) -> list[Check]:
    """The data-quality report: one check for each thing that was looked at.

    `before` is the `snapshot` of the live release's manifest; without it there is nothing to compare the volume with.
    """
    events = snapshot.events
    counts = {"events": len(events), "users": len(snapshot.user_ids), "items": len(snapshot.item_ids)}
    volumes = [_volume(name, counts[name], before or {}, limits.max_drop) for name in COUNTED]
    return [
        *volumes,
        _share("impossible values", Reason.IMPOSSIBLE_VALUES, impossible_values(events), len(events), 0.0),
        _share("future times", Reason.FUTURE_TIMES, future_times(events, now), len(events), limits.max_future),
        _share("duplicates", Reason.DUPLICATES, duplicates(events), len(events), limits.max_duplicates),
    ]


def impossible_values(events: Events) -> int:
    """Events that no caller can send: a rating out of range, a value on another event, no time, an unknown type."""
    known = (events.types >= 0) & (events.types < len(EventType))
    is_rating = events.types == EVENT_CODES[EventType.RATING]
    in_range = (events.values >= LOWEST_RATING) & (events.values <= HIGHEST_RATING)
    fits = np.where(is_rating, in_range, np.isnan(events.values))
    return int((~(known & fits & np.isfinite(events.at))).sum())


def future_times(events: Events, now: datetime) -> int:
    return int((events.at > now.timestamp() + AHEAD_SECONDS).sum())


def duplicates(events: Events) -> int:
    """Events of the same user, item, type, value and moment as another one, beyond the first."""
    if not len(events):
        return 0
    columns = (events.at, np.nan_to_num(events.values, nan=-1.0), events.types, events.items, events.users)
    order = np.lexsort(columns)
    alike = np.ones(len(events) - 1, bool)
    for column in columns:
        ordered = column[order]
        alike &= ordered[1:] == ordered[:-1]
    return int(alike.sum())


def _volume(name: str, count: int, before: Mapping[str, Any], max_drop: float) -> Check:
    known = before.get(name)
    least = known * (1 - max_drop) if isinstance(known, int) else 0.0
    if count >= least:
        return Check(name, count, least)
    sentence = (
        f"Not published: there are {count:,} {name}, the live release was trained on {known:,}: "
        f"a drop of more than {max_drop:.0%}. Set RECSTACK_GATE_MAX_DROP where that is meant."
    )
    return Check(name, count, least, Refusal(Reason.VOLUME, sentence))


def _share(name: str, reason: Reason, count: int, total: int, limit: float) -> Check:
    share = count / max(total, 1)
    if share <= limit:
        return Check(name, share, limit)
    sentence = f"Not published: {count:,} of {total:,} events ({share:.2%}) have {name}; {limit:.2%} may."
    return Check(name, share, limit, Refusal(reason, sentence))
