from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from model_trainer.case import Case
from model_trainer.decision import Reason
from model_trainer.drift import DISTRIBUTIONS, MAX_BINS, MIN_COUNTED, check_drift, distributions, stability_index
from model_trainer.snapshot import Snapshot
from recsys.domain import EVENT_CODES, EventType
from recsys.preferences import Events
from recsys.settings import GateSettings
from recsys.testing.worlds import small_world, training_data, world_events

LIMITS = GateSettings.model_construct()


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    """The small world's, each event three times: enough ratings to tell."""
    data = training_data(small_world())
    thrice = np.repeat(np.arange(len(small_world().interactions)), 3)
    events = Events(*(getattr(world_events(small_world()), each.name)[thrice] for each in fields(Events)))
    return Snapshot(data.user_ids, data.item_ids, events, data.content)


def manifest(snapshot: Snapshot) -> Mapping[str, Any]:
    """What the live release's says, read back from its file."""
    facts: Mapping[str, Any] = json.loads(json.dumps({DISTRIBUTIONS: distributions(snapshot)}))
    return facts


def with_events(snapshot: Snapshot, **columns: Any) -> Snapshot:
    return replace(snapshot, events=replace(snapshot.events, **columns))


def drifts(now: Snapshot, before: Snapshot) -> dict[str, tuple[float, str]]:
    checks = check_drift(now, LIMITS, manifest(before))
    return {check.name.removeprefix("drift of "): (check.figure, check.outcome) for check in checks}


def test_the_index_is_the_textbooks() -> None:
    before, now = [["a", 0.5], ["b", 0.5]], [["a", 0.4], ["b", 0.6]]
    assert stability_index(before, now) == pytest.approx(-0.1 * math.log(0.8) + 0.1 * math.log(1.2))
    assert stability_index(before, before) == 0


def test_what_is_new_and_small_is_no_drift_and_what_took_all_is() -> None:
    before = [["a", 0.5], ["b", 0.5]]
    assert stability_index(before, [["a", 0.49], ["b", 0.49], ["c", 0.02]]) < 0.1
    assert stability_index(before, [["c", 1.0]]) > 4


def test_the_same_data_has_not_drifted(snapshot: Snapshot) -> None:
    found = drifts(snapshot, snapshot)
    assert found == dict.fromkeys(["event types", "ratings", "categories", "popularity"], (0.0, "passed"))


def test_growth_is_no_drift(snapshot: Snapshot) -> None:
    events = snapshot.events
    earlier = replace(snapshot, events=events.where(events.at < np.quantile(events.at, 0.5)))
    found = drifts(snapshot, earlier)
    assert found.keys() >= {"event types", "categories", "popularity"}
    assert max(figure for figure, _ in found.values()) < 0.1


def test_other_clicks_are_a_warning(snapshot: Snapshot) -> None:
    """A third of the views became clicks: an app that changed, not a broken one."""
    types = snapshot.events.types.copy()
    views = np.flatnonzero(types == EVENT_CODES[EventType.VIEW])
    types[views[::2]] = EVENT_CODES[EventType.CLICK]
    found = drifts(with_events(snapshot, types=types), snapshot)
    figure, outcome = found.pop("event types")
    assert outcome == "warning"
    assert 0.1 < figure < 1
    assert {outcome for _, outcome in found.values()} == {"passed"}


@pytest.mark.parametrize("broken", ["event types", "ratings", "categories", "popularity"])
def test_a_distribution_that_broke_is_refused_by_name(snapshot: Snapshot, broken: str) -> None:
    rating, events = EVENT_CODES[EventType.RATING], snapshot.events
    columns: dict[str, dict[str, Any]] = {
        "event types": {"types": np.where(events.types == rating, rating, EVENT_CODES[EventType.DISLIKE])},
        "ratings": {"values": np.where(events.types == rating, 0.5, np.nan)},
        "categories": {"items": events.items % 20},
        "popularity": {"items": np.zeros_like(events.items)},
    }
    checks = check_drift(with_events(snapshot, **columns[broken]), LIMITS, manifest(snapshot))
    refused = {check.name: check.refusal for check in checks if check.refusal}
    assert f"drift of {broken}" in refused
    found = refused[f"drift of {broken}"]
    assert found is not None
    assert (found.reason, "RECSTACK_GATE_MAX_DRIFT" in found.sentence) == (Reason.DRIFT, True)


def test_few_events_and_an_older_manifest_are_no_measure(snapshot: Snapshot) -> None:
    few = replace(snapshot, events=snapshot.events.where(np.arange(len(snapshot.events)) < MIN_COUNTED - 1))
    assert drifts(snapshot, few) == drifts(few, snapshot) == {}
    assert check_drift(snapshot, LIMITS, {"events": 7}) == check_drift(snapshot, LIMITS) == []


def test_impossible_events_are_left_to_their_own_check(snapshot: Snapshot) -> None:
    types, values = snapshot.events.types.copy(), snapshot.events.values.copy()
    types[:2], values[types == EVENT_CODES[EventType.RATING]] = (-1, 99), np.nan
    found = distributions(with_events(snapshot, types=types, values=values))
    assert found.keys() == {"event types", "categories", "popularity"}
    assert found["event types"]["n"] == len(snapshot.events) - 2


def test_a_manifest_keeps_a_bounded_part(snapshot: Snapshot) -> None:
    n = 3 * MAX_BINS
    names = [f"Category {each}" for each in range(n)]
    content = replace(snapshot.content, category=np.arange(n, dtype=np.int32), category_names=names)
    one_each = np.arange(n, dtype=np.int32)
    events = Events(one_each, one_each, np.zeros(n, np.int8), np.full(n, np.nan, np.float32), np.arange(n, dtype=float))
    many = Snapshot(np.arange(n), np.arange(n), events, content)
    shares = distributions(many)["categories"]["shares"]
    assert len(shares) == MAX_BINS + 1
    assert sum(share for _, share in shares) == pytest.approx(1)
    assert stability_index(shares, shares) == pytest.approx(0)


def test_a_decision_tells_each_check_with_its_outcome(snapshot: Snapshot) -> None:
    checks = check_drift(snapshot, LIMITS, manifest(snapshot))
    told = Case(None, None, checks).decision(small_world().end).figures["data"]
    assert told["drift of ratings"] == {"figure": 0.0, "limit": LIMITS.max_drift, "outcome": "passed"}
