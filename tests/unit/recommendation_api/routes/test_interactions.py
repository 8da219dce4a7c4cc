from __future__ import annotations

import json
import math
from datetime import timedelta
from typing import Any

import pytest

from recsys.adapters.memory import MemoryInteractionLog, MemoryRecommendationCache
from recsys.domain import EventType
from recsys.errors import Unavailable
from recsys.testing.worlds import END, SmallWorld

from ..conftest import Api, Start, is_problem, sample

pytestmark = pytest.mark.anyio

EVENT = {"user_id": 1, "item_id": 5, "type": "like"}
MAX_ID = 2**63 - 1


async def test_an_event_is_stored_and_changes_the_very_next_list(api: Api, world: SmallWorld) -> None:
    user_id = world.lovers["Garden"][0]
    before = await api.recommended(user_id)
    assert await api.recommended(user_id) == before
    answer = await api.client.post("/interactions", json={"user_id": user_id, "item_id": before[0], "type": "purchase"})
    assert answer.status_code == 201
    assert answer.json() == {"event_id": answer.json()["event_id"], "duplicate": False}
    stored = api.database.events[answer.json()["event_id"]]
    assert (stored.user_id, stored.item_id, stored.type, stored.occurred_at) == (
        user_id,
        before[0],
        EventType.PURCHASE,
        END,
    )
    assert before[0] not in await api.recommended(user_id)


async def test_the_same_event_again_is_a_duplicate_and_other_content_a_conflict(api: Api) -> None:
    event = {**EVENT, "event_id": "order-17"}
    assert (await api.client.post("/interactions", json=event)).status_code == 201
    api.database.clock.advance(5)  # type: ignore[attr-defined]
    again = await api.client.post("/interactions", json=event)
    assert (again.status_code, again.json()) == (200, {"event_id": "order-17", "duplicate": True})
    other = await api.client.post("/interactions", json={**event, "item_id": 6})
    is_problem(other, 409, "event_id")


async def test_a_rating_carries_its_value(api: Api) -> None:
    answer = await api.client.post("/interactions", json={**EVENT, "type": "rating", "value": 4})
    assert api.database.events[answer.json()["event_id"]].value == 4.0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"user_id": True}, "user_id"),
        ({"user_id": "1"}, "user_id"),
        ({"user_id": 1.0}, "user_id"),
        ({"user_id": 0}, "user_id"),
        ({"user_id": -1}, "user_id"),
        ({"user_id": MAX_ID + 1}, "user_id"),
        ({"item_id": 10**40}, "item_id"),
        ({"item_id": None}, "item_id"),
        ({"type": "buy"}, "type"),
        ({"type": 1}, "type"),
        ({"type": "rating"}, "value"),
        ({"value": 4}, "value"),
        ({"type": "rating", "value": 5.5}, "value"),
        ({"type": "rating", "value": 0}, "value"),
        ({"type": "rating", "value": "4"}, "value"),
        ({"occurred_at": "2026-01-31T12:00:00"}, "occurred_at"),
        ({"occurred_at": 1_769_860_800}, "occurred_at"),
        ({"occurred_at": "yesterday"}, "occurred_at"),
        ({"occurred_at": (END + timedelta(seconds=301)).isoformat()}, "occurred_at"),
        ({"occurred_at": "9999-12-31T23:59:59-14:00"}, "occurred_at"),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "occurred_at"),
        ({"event_id": ""}, "event_id"),
        ({"event_id": "x" * 129}, "event_id"),
        ({"event_id": "a\0b"}, "event_id"),
        ({"recommendation_id": "17"}, "recommendation_id"),
        ({"session_id": "abc"}, "session_id"),
        ({"weight": 1}, "weight"),
    ],
)
async def test_a_refused_event_names_the_field_and_stores_nothing(api: Api, change: dict[str, Any], field: str) -> None:
    before = len(api.database.events)
    is_problem(await api.client.post("/interactions", json={**EVENT, **change}), 422, field)
    (row,) = (await api.client.post("/interactions/batch", json={"interactions": [{**EVENT, **change}]})).json()[
        "results"
    ]
    assert (row["index"], row["status"]) == (0, 422)
    assert [each["field"] for each in row["error"]["errors"]] == [field]
    assert len(api.database.events) == before


async def test_five_minutes_ahead_are_a_clock_that_runs_fast(api: Api) -> None:
    event = {**EVENT, "occurred_at": (END + timedelta(seconds=299)).isoformat()}
    assert (await api.client.post("/interactions", json=event)).status_code == 201


@pytest.mark.parametrize("field", ["user_id", "item_id"])
async def test_an_unknown_user_or_item_is_named(api: Api, field: str) -> None:
    before = len(api.database.events)
    is_problem(await api.client.post("/interactions", json={**EVENT, field: 999_999}), 404, field)
    assert len(api.database.events) == before


async def test_an_event_on_an_item_that_is_gone_from_the_shelf_counts(api: Api) -> None:
    gone = {"title": "Gone", "category": "Books", "available_until": "2020-01-01T00:00:00Z"}
    await api.client.put("/items/5", json=gone)
    assert (await api.client.post("/interactions", json=EVENT)).status_code == 201


async def test_a_batch_judges_each_row_by_itself(api: Api) -> None:
    rows = [
        {**EVENT, "event_id": "known"},
        {**EVENT, "event_id": "known"},
        {**EVENT, "event_id": "known", "item_id": 6},
        {**EVENT, "user_id": 999_999},
        {**EVENT, "item_id": 999_999},
        {**EVENT, "type": "nothing"},
        17,
        None,
        {**EVENT, "item_id": 8},
    ]
    answer = await api.client.post("/interactions/batch", json={"interactions": rows})
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [row["index"] for row in results] == list(range(len(rows)))
    assert [row["status"] for row in results] == [201, 200, 409, 404, 404, 422, 422, 422, 201]
    assert results[0]["event_id"] == results[1]["event_id"] == "known"
    assert [("error" in row, "event_id" in row) for row in results[2:8]] == [(True, False)] * 6
    assert results[3]["error"]["errors"][0]["field"] == "user_id"
    assert api.database.events[results[8]["event_id"]].item_id == 8


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"interactions": []}, "interactions"),
        ({"interactions": [EVENT] * 1001}, "interactions"),
        ({"interactions": EVENT}, "interactions"),
        ({}, "interactions"),
        ([], "interactions"),
        ([EVENT] * 1001, "interactions"),
        (17, "body"),
        ("[]", "body"),
        (None, "body"),
        ({"interactions": [EVENT], "atomic": True}, "atomic"),
    ],
)
async def test_a_batch_that_is_none_is_refused_whole(api: Api, body: object, field: str) -> None:
    is_problem(await api.client.post("/interactions/batch", json=body), 422, field)


async def test_a_number_that_is_none_fails_only_its_row(api: Api) -> None:
    rows = [{**EVENT, "value": number} for number in (math.nan, math.inf, -math.inf)]
    for body in ({"interactions": [*rows, EVENT]}, [*rows, EVENT]):
        results = (await api.client.post("/interactions/batch", content=json.dumps(body))).json()["results"]
        assert [row["status"] for row in results] == [422, 422, 422, 201]
        assert [row["error"]["errors"][0]["field"] for row in results[:3]] == ["value"] * 3


async def test_the_rows_alone_are_a_batch_too(api: Api) -> None:
    rows = [{**EVENT, "event_id": "alone"}, {**EVENT, "event_id": "alone"}, {**EVENT, "type": "nothing"}, []]
    bare = (await api.client.post("/interactions/batch", json=rows)).json()["results"]
    assert [row["status"] for row in bare] == [201, 200, 422, 422]
    assert [row["index"] for row in bare] == [0, 1, 2, 3]
    again = (await api.client.post("/interactions/batch", json={"interactions": rows})).json()["results"]
    assert again[1:] == bare[1:]
    assert (await api.client.post("/interactions/batch", json=[EVENT] * 1000)).status_code == 200


async def test_a_batch_drops_the_lists_of_everybody_in_it(api: Api) -> None:
    first = {user_id: await api.recommended(user_id) for user_id in (1, 2, 3)}
    rows = [{"user_id": user_id, "item_id": first[user_id][0], "type": "purchase"} for user_id in (1, 2)]
    await api.client.post("/interactions/batch", json={"interactions": rows})
    for user_id in (1, 2):
        assert first[user_id][0] not in await api.recommended(user_id)
    assert await api.recommended(3) == first[3]


async def test_an_event_counts_while_the_cache_is_away(start: Start, database: Any) -> None:
    class Away(MemoryRecommendationCache):
        async def invalidate(self, user_ids: Any) -> None:
            raise Unavailable("away", dependency="redis")

    api = await start(cache=Away(database.clock))
    answer = await api.client.post("/interactions", json=EVENT)
    assert answer.status_code == 201
    assert answer.json()["event_id"] in database.events


async def test_nothing_is_acknowledged_while_postgres_is_away(start: Start, database: Any) -> None:
    class Away(MemoryInteractionLog):
        async def record(self, interactions: Any) -> Any:
            raise Unavailable("PostgreSQL does not answer", dependency="postgres", retry_after=9)

    def lost() -> float:
        return sample("recstack_events_total", type="like", outcome="unavailable")

    api, before = await start(interactions=Away(database)), lost()
    for address, body in (("/interactions", EVENT), ("/interactions/batch", {"interactions": [EVENT]})):
        answer = await api.client.post(address, json=body)
        is_problem(answer, 503)
        assert answer.headers["retry-after"] == "9"
    assert lost() == before + 2


async def test_a_repeat_drops_the_lists_too(api: Api) -> None:
    """The first call may have ended between the commit and the drop."""
    event = {**EVENT, "event_id": "order-18"}
    await api.client.post("/interactions", json=event)
    seen = (await api.stores.cache.read(1, "any")).version
    await api.client.post("/interactions", json=event)
    assert (await api.stores.cache.read(1, "any")).version != seen
