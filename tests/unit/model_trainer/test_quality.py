"""What the data is refused for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from model_trainer.decision import Reason
from model_trainer.quality import AHEAD_SECONDS, check_data, duplicates, impossible_values
from model_trainer.snapshot import Snapshot
from recsys.domain import EVENT_CODES, EventType
from recsys.preferences import Events
from recsys.settings import GateSettings
from recsys.testing.worlds import END, small_world, training_data, world_events

LIMITS = GateSettings.model_construct()


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    data = training_data(small_world())
    return Snapshot(data.user_ids, data.item_ids, world_events(small_world()), data.content)


def _reasons(snapshot: Snapshot, now: datetime = END, before: Mapping[str, object] | None = None) -> list[Reason]:
    checks = check_data(snapshot, now, LIMITS, before)
    return [check.refusal.reason for check in checks if check.refusal]


def _events(**columns: list[float]) -> Events:
    """One view after the other, except for what `columns` say."""
    count = len(next(iter(columns.values())))
    given: dict[str, NDArray[Any]] = {
        "users": np.zeros(count, np.int32),
        "items": np.arange(count, dtype=np.int32),
        "types": np.full(count, EVENT_CODES[EventType.VIEW], np.int8),
        "values": np.full(count, np.nan, np.float32),
        "at": np.arange(count, dtype=np.float64),
    }
    return Events(**{name: np.asarray(columns.get(name, column), column.dtype) for name, column in given.items()})


def test_sound_data_passes_every_check(snapshot: Snapshot) -> None:
    assert _reasons(snapshot) == []
    names = [check.name for check in check_data(snapshot, END, LIMITS)]
    assert names == ["events", "users", "items", "impossible values", "future times", "duplicates"]


@pytest.mark.parametrize("name", ["events", "users", "items"])
@pytest.mark.parametrize(("factor", "is_refused"), [(2.0, False), (2.01, True), (0.1, False)])
def test_more_than_half_may_not_be_gone(snapshot: Snapshot, name: str, factor: float, is_refused: bool) -> None:
    counts = {
        "events": len(snapshot.events),
        "users": len(snapshot.user_ids),
        "items": len(snapshot.item_ids),
    }
    before = counts | {name: int(np.ceil(counts[name] * factor))}
    assert _reasons(snapshot, before=before) == [Reason.VOLUME] * is_refused


def test_a_live_release_that_counted_nothing_is_no_measure(snapshot: Snapshot) -> None:
    assert _reasons(snapshot, before={}) == []


@pytest.mark.parametrize(
    ("kind", "value", "at", "count"),
    [
        (EventType.RATING, 0.5, 1.0, 0),
        (EventType.RATING, 5.0, 1.0, 0),
        (EventType.RATING, 0.4, 1.0, 1),
        (EventType.RATING, 5.1, 1.0, 1),
        (EventType.RATING, np.nan, 1.0, 1),
        (EventType.VIEW, 3.0, 1.0, 1),
        (EventType.VIEW, np.nan, 1.0, 0),
        (EventType.VIEW, np.nan, np.inf, 1),
    ],
)
def test_what_no_caller_can_send_is_impossible(kind: EventType, value: float, at: float, count: int) -> None:
    assert impossible_values(_events(types=[EVENT_CODES[kind]], values=[value], at=[at])) == count


def test_an_event_of_no_known_type_is_impossible() -> None:
    assert impossible_values(_events(types=[-1, len(EventType), 0])) == 2


def test_one_impossible_value_is_enough(snapshot: Snapshot) -> None:
    values = snapshot.events.values.copy()
    values[0] = 99
    assert _reasons(replace(snapshot, events=replace(snapshot.events, values=values))) == [Reason.IMPOSSIBLE_VALUES]


def test_too_many_events_ahead_of_the_clock_are_refused(snapshot: Snapshot) -> None:
    at = np.sort(snapshot.events.at)
    latest = datetime.fromtimestamp(at[-1] - AHEAD_SECONDS, UTC)
    assert _reasons(snapshot, latest) == []
    assert _reasons(snapshot, datetime.fromtimestamp(float(np.median(at)), UTC)) == [Reason.FUTURE_TIMES]


def test_duplicates_are_the_same_in_everything() -> None:
    assert duplicates(_events(at=[1, 1, 1])) == 0
    assert duplicates(_events(at=[1, 1, 1, 1], items=[1, 2, 1, 1])) == 2
    assert duplicates(_events(at=[1, 2], items=[1, 1])) == 0
    rating = EVENT_CODES[EventType.RATING]
    assert duplicates(_events(at=[1, 1], items=[1, 1], types=[rating, rating], values=[3, 4])) == 0
    assert duplicates(_events(at=[])) == 0


def test_data_that_came_twice_is_refused(snapshot: Snapshot) -> None:
    twice = np.tile(np.arange(len(snapshot.events)), 2)
    events = Events(*(getattr(snapshot.events, name)[twice] for name in ("users", "items", "types", "values", "at")))
    assert _reasons(replace(snapshot, events=events)) == [Reason.DUPLICATES]
