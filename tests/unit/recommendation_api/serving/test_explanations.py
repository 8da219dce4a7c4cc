from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recommendation_api.serving.explanations import shared_out
from recsys.adapters.memory import MemoryDatabase
from recsys.domain import EventType
from recsys.stores import Stores
from recsys.testing.worlds import SmallWorld
from tests.unit.recommendation_api.serving.running import Open, Running

pytestmark = pytest.mark.anyio


@st.composite
def tables(draw: st.DrawFn) -> np.ndarray:
    shape = draw(st.tuples(st.integers(1, 4), st.integers(1, 60)))
    return draw(arrays(np.float64, shape, elements=st.floats(-50, 50)))


@given(tables())
def test_shares_are_told_within_a_unit_and_sum_to_the_told_total(values: np.ndarray) -> None:
    totals = np.round(values.sum(axis=1), 6)
    told = shared_out(values, totals)
    assert np.allclose(told.sum(axis=1), totals, rtol=0, atol=1e-9)
    assert np.abs(told - values).max() <= 1e-6 + 1e-9
    assert np.allclose(np.rint(told * 1e6), told * 1e6, rtol=0, atol=1e-3)


@given(tables(), st.floats(-100, 100))
def test_what_is_missing_beyond_rounding_goes_to_the_largest(values: np.ndarray, rest: float) -> None:
    totals = np.round(values.sum(axis=1) + rest, 6)
    told = shared_out(values, totals)
    assert np.allclose(told.sum(axis=1), totals, rtol=0, atol=1e-9)
    off = np.abs(told - values) > 2e-6
    off[np.arange(len(values)), np.abs(values).argmax(axis=1)] = False
    assert not off.any()


def causes(entry: dict[str, Any]) -> dict[int, float]:
    """By touched item, over all parts."""
    brought: dict[int, float] = {}
    for part in entry["explanation"]["parts"]:
        for cause in part.get("because", []):
            brought[cause["item_id"]] = brought.get(cause["item_id"], 0) + cause["share"]
    return brought


@pytest.mark.parametrize("algorithm", ["hybrid", "als", "svd", "user_based", "item_based", "content_based"])
async def test_the_events_of_the_user_explain_their_list(running: Running, algorithm: str) -> None:
    answer = await running.ask(1, 5, algorithm, explain=True)
    assert all(causes(entry) for entry in answer["recommendations"])


@pytest.mark.parametrize("algorithm", ["als", "item_based", "content_based", "hybrid"])
async def test_without_its_strongest_cause_an_item_scores_less(
    open_serving: Open, stores: Stores, database: MemoryDatabase, algorithm: str
) -> None:
    running = await open_serving(stores)
    first = (await running.ask(1, 1, algorithm, explain=True))["recommendations"][0]
    cause = max(causes(first).items(), key=lambda pair: pair[1])[0]
    for event in [event for event in database.events.values() if (event.user_id, event.item_id) == (1, cause)]:
        del database.events[event.event_id]
    await stores.cache.invalidate([1])
    answer = await running.ask(1, 120, algorithm)
    after = next(entry for entry in answer["recommendations"] if entry["item_id"] == first["item_id"])
    assert after["score"] < first["score"]


async def test_a_cause_is_named_by_its_weightiest_event(running: Running, world: SmallWorld) -> None:
    item_id = world.items_of("Music")[19]
    for kind in (EventType.VIEW, EventType.PURCHASE, EventType.CLICK):
        await running.record(world.cold_user, item_id, kind)
    answer = await running.ask(world.cold_user, 3, "content_based", explain=True)
    kinds = {
        cause["type"]
        for entry in answer["recommendations"]
        for part in entry["explanation"]["parts"]
        for cause in part.get("because", [])
    }
    assert kinds == {"purchase"}
    title = world.items[item_id - 1].title
    assert answer["recommendations"][0]["reason"] == f"Similar to {title}, which you bought"


async def test_reasons_come_without_explanations_too(running: Running) -> None:
    entries = (await running.ask(1, 5))["recommendations"]
    assert all("explanation" not in entry for entry in entries)
    assert all(entry["reason"] for entry in entries)


@pytest.mark.parametrize("algorithm", ["item_based", "user_based"])
async def test_refilled_items_say_so(running: Running, world: SmallWorld, algorithm: str) -> None:
    answer = await running.ask(world.lovers["Music"][0], 100, algorithm, explain=True)
    last = answer["recommendations"][-1]
    assert [part["source"] for part in last["explanation"]["parts"]] == ["refill"]
    assert last["score"] < answer["recommendations"][0]["score"]
