"""`without`: what a score would be had the user not touched an item."""

from __future__ import annotations

from typing import Any

import pytest

from recommendation_api.serving import without
from recsys.adapters.memory import MemoryDatabase
from recsys.stores import Stores
from recsys.testing.worlds import SmallWorld
from tests.unit.recommendation_api.serving.running import Answer, Open, Running

pytestmark = pytest.mark.anyio

ALGORITHMS = ["hybrid", "als", "svd", "user_based", "item_based", "content_based"]


def losses(answer: Answer) -> dict[int, dict[int, float | None]]:
    """By listed item and cause."""
    return {
        entry["item_id"]: {
            cause["item_id"]: cause.get("without")
            for part in entry["explanation"]["parts"]
            for cause in part.get("because", [])
        }
        for entry in answer["recommendations"]
    }


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_it_is_the_score_less_that_of_the_answer_without_the_events(
    open_serving: Open, stores: Stores, database: MemoryDatabase, algorithm: str
) -> None:
    running = await open_serving(stores)
    user_id = 3
    told = await running.ask(user_id, 4, algorithm, explain="without")
    before = {entry["item_id"]: entry["score"] for entry in told["recommendations"]}
    cause = next(iter(losses(told)[told["recommendations"][0]["item_id"]]))
    for event in [event for event in database.events.values() if (event.user_id, event.item_id) == (user_id, cause)]:
        del database.events[event.event_id]
    await stores.cache.invalidate([user_id])
    after = personal(await running.ask(user_id, 120, algorithm, explain=True))
    for item_id, by_cause in losses(told).items():
        if cause in by_cause and item_id in after:
            assert before[item_id] - after[item_id] == pytest.approx(by_cause[cause], abs=2e-5)
    assert after


def personal(answer: Answer) -> dict[int, float]:
    """Of what was not refilled."""
    return {
        entry["item_id"]: entry["score"]
        for entry in answer["recommendations"]
        if "refill" not in {part["source"] for part in entry["explanation"]["parts"]}
    }


async def test_an_answer_with_and_one_without_it_are_kept_apart(running: Running) -> None:
    plain, told = [await running.ask(1, 3, explain=value) for value in (True, "without")]
    assert {loss for by_cause in losses(plain).values() for loss in by_cause.values()} == {None}
    assert None not in {loss for by_cause in losses(told).values() for loss in by_cause.values()}


async def test_only_what_brought_most_is_computed_anew(
    running: Running, world: SmallWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(without, "MOST", 2)
    told = losses(await running.ask(world.disliker, 5, "als", explain="without"))
    assert len({cause for each in told.values() for cause, loss in each.items() if loss is not None}) == 2
    assert any(loss is None for each in told.values() for loss in each.values())


@pytest.mark.parametrize("algorithm", ["popularity", "hybrid"])
async def test_who_did_nothing_has_nothing_to_do_without(running: Running, world: SmallWorld, algorithm: str) -> None:
    answer: dict[str, Any] = await running.ask(world.cold_user, 5, algorithm, explain="without")
    assert not any(losses(answer).values())
