from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from recsys.adapters.memory import MemoryCatalog, MemoryDatabase
from recsys.adapters.memory_sessions import MemorySessions
from recsys.domain import Item
from recsys.errors import Unavailable
from recsys.ports import CatalogueChange
from recsys.settings import Settings
from recsys.testing.clock import ManualClock
from recsys.testing.worlds import END, SmallWorld
from tests.unit.recommendation_api.conftest import Api, Start, is_problem, sample

pytestmark = pytest.mark.anyio


async def begin(api: Api) -> str:
    answer = await api.client.post("/sessions", json={})
    assert answer.status_code == httpx.codes.CREATED, answer.text
    return str(answer.json()["session_id"])


async def did(api: Api, session_id: str, item_id: int, kind: str = "like", **more: Any) -> httpx.Response:
    event = {"item_id": item_id, "type": kind, **more}
    return await api.client.post(f"/sessions/{session_id}/interactions", json=event)


async def listed(api: Api, **question: Any) -> dict[str, Any]:
    answer = await api.client.post("/sessions/recommendations", json=question)
    assert answer.status_code == httpx.codes.OK, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ids(answer: dict[str, Any]) -> list[int]:
    return [entry["item_id"] for entry in answer["recommendations"]]


async def test_a_session_begins_with_or_without_a_body(api: Api) -> None:
    for body in (None, b"", b"{}"):
        answer = await api.client.post("/sessions", content=body)
        assert answer.status_code == httpx.codes.CREATED, answer.text
        assert answer.json().keys() == {"session_id", "expires_in_seconds"}
        assert answer.headers["location"] == f"/sessions/{answer.json()['session_id']}/interactions"
    is_problem(await api.client.post("/sessions", json={"user_id": 1}), 422, "user_id")


async def test_an_event_shows_in_the_session_s_next_list_alone(api: Api, world: SmallWorld) -> None:
    mine, other = await begin(api), await begin(api)
    before = await listed(api, session_id=mine)
    assert (before["session_id"], before["cold_start"], before["degraded"]) == (mine, True, [])
    liked = world.items_of("Kitchen")[2]
    answer = await did(api, mine, liked)
    assert (answer.status_code, answer.json()["duplicate"]) == (201, False)
    after = await listed(api, session_id=mine)
    assert not after["cold_start"]
    assert liked not in ids(after)
    assert sum(entry["category"] == "Kitchen" for entry in after["recommendations"]) >= 3
    assert ids(await listed(api, session_id=other)) == ids(before)


async def test_a_list_by_items_leaves_these_out_and_needs_no_session(api: Api, world: SmallWorld) -> None:
    given = [*world.items_of("Kitchen")[:2], world.items_of("Kitchen")[0]]
    for filters in ({}, {"include_seen": True}):
        answer = await listed(api, item_ids=given, num_recommendations=20, filters=filters)
        assert answer["session_id"] is None
        assert not answer["cold_start"]
        assert len(set(ids(answer)) - set(given)) == 20
        assert sum(entry["category"] == "Kitchen" for entry in answer["recommendations"][:10]) >= 3


async def test_the_answer_is_shaped_like_a_user_s(api: Api) -> None:
    answer = await listed(api, item_ids=[1], explain=True, diversity=0.5, algorithm="als")
    user = (await api.client.post("/recommendations", json={"user_id": 1, "explain": True})).json()
    assert answer.keys() - {"session_id"} == user.keys() - {"user_id"}
    assert answer["recommendations"][0].keys() == user["recommendations"][0].keys()
    for entry in answer["recommendations"]:
        assert sum(part["share"] for part in entry["explanation"]["parts"]) == pytest.approx(entry["score"], abs=1e-6)


async def test_every_algorithm_answers_exactly_as_many_as_asked_for(api: Api) -> None:
    for entry in (await api.client.get("/algorithms")).json()["algorithms"]:
        answer = await listed(api, item_ids=[5], num_recommendations=30, algorithm=entry["name"])
        assert len(set(ids(answer))) == 30


async def test_filters_hold_and_pages_do_not_repeat(api: Api, world: SmallWorld) -> None:
    question = {"item_ids": [1], "num_recommendations": 7, "filters": {"categories": ["Books", "Garden"]}}
    seen: list[int] = []
    token = None
    for _ in range(3):
        page = await listed(api, **question, **({"page_token": token} if token else {}))
        assert {entry["category"] for entry in page["recommendations"]} <= {"Books", "Garden"}
        seen += ids(page)
        token = page["next_page_token"]
    assert len(set(seen)) == 21
    stolen = {**question, "item_ids": [2], "page_token": token}
    is_problem(await api.client.post("/sessions/recommendations", json=stolen), 422, "page_token")


async def test_a_repeated_event_counts_once(api: Api) -> None:
    session_id = await begin(api)
    first, again = [await did(api, session_id, 1, event_id="once") for _ in range(2)]
    assert [(a.status_code, a.json()) for a in (first, again)] == [
        (201, {"event_id": "once", "duplicate": False}),
        (200, {"event_id": "once", "duplicate": True}),
    ]
    is_problem(await did(api, session_id, 2, event_id="once"), 409, "event_id")


async def test_unknown_sessions_and_items_are_not_found(api: Api) -> None:
    session_id = await begin(api)
    for stranger in ("nobody", "0" * 32, "1", "a b"):
        is_problem(await did(api, stranger, 1), 404, "session_id")
        question = {"session_id": stranger}
        is_problem(await api.client.post("/sessions/recommendations", json=question), 404, "session_id")
    is_problem(await did(api, session_id, 999_999), 404, "item_id")
    is_problem(await api.client.post("/sessions/recommendations", json={"item_ids": [1, 999_999]}), 404, "item_ids")


async def test_an_expired_session_is_not_found(start: Start) -> None:
    clock = ManualClock(END)
    api = await start(sessions=MemorySessions(clock, ttl_seconds=60))
    session_id = await begin(api)
    clock.advance(60)
    is_problem(await did(api, session_id, 1), 404, "session_id")


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ({}, "session_id"),
        ({"session_id": "a", "item_ids": [1]}, "item_ids"),
        ({"session_id": ""}, "session_id"),
        ({"session_id": 7}, "session_id"),
        ({"item_ids": []}, "item_ids"),
        ({"item_ids": [2, "1"]}, "item_ids.1"),
        ({"item_ids": [2, 0]}, "item_ids.1"),
        ({"item_ids": [*range(1, 502)]}, "item_ids"),
        ({"item_ids": [1], "user_id": 1}, "user_id"),
        ({"item_ids": [1], "use_cache": True}, "use_cache"),
        ({"item_ids": [1], "num_recommendations": True}, "num_recommendations"),
        ({"item_ids": [1], "algorithm": "ease"}, "algorithm"),
        ({"item_ids": [1], "filters": {"categories": ["Boats"]}}, "filters.categories"),
        ({"item_ids": [1], "page_token": "x"}, "page_token"),
    ],
)
async def test_questions_are_read_strictly(api: Api, question: dict[str, Any], field: str) -> None:
    is_problem(await api.client.post("/sessions/recommendations", json=question), 422, field)


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ({"item_id": 1}, "type"),
        ({"item_id": "1", "type": "like"}, "item_id"),
        ({"item_id": 1, "type": "like", "user_id": 1}, "user_id"),
        ({"item_id": 1, "type": "like", "value": 4.0}, "value"),
        ({"item_id": 1, "type": "rating"}, "value"),
        ({"item_id": 1, "type": "like", "event_id": "nul\0"}, "event_id"),
        ({"item_id": 1, "type": "like", "occurred_at": (END + timedelta(minutes=7)).isoformat()}, "occurred_at"),
    ],
)
async def test_events_are_read_strictly(api: Api, event: dict[str, Any], field: str) -> None:
    session_id = await begin(api)
    is_problem(await api.client.post(f"/sessions/{session_id}/interactions", json=event), 422, field)
    assert (await listed(api, session_id=session_id))["cold_start"]


class Away(MemorySessions):
    def _find(self, session_id: str) -> Any:
        raise Unavailable("Redis is away", dependency="redis", retry_after=7)

    async def begin(self) -> str:
        return str(self._find(""))


async def test_while_redis_is_away_nothing_is_taken_and_lists_say_so(start: Start) -> None:
    api = await start(sessions=Away(ManualClock(END), ttl_seconds=60))
    for answer in (await api.client.post("/sessions"), await did(api, "s" * 32, 1)):
        is_problem(answer, 503)
        assert answer.headers["retry-after"] == "7"
    stranger = await listed(api, session_id="s" * 32)
    assert (stranger["degraded"], stranger["cold_start"], len(ids(stranger))) == (["redis"], True, 10)
    assert (await listed(api, item_ids=[1]))["degraded"] == []


class Unreadable(MemoryCatalog):
    broken = False

    async def changed_since(self, revision: int) -> CatalogueChange:
        if self.broken:
            raise Unavailable("PostgreSQL is away", dependency="postgres")
        return await super().changed_since(revision)


async def test_a_catalogue_that_cannot_be_followed_is_said(
    start: Start, settings: Settings, database: MemoryDatabase
) -> None:
    catalog = Unreadable(database)
    often = settings.model_copy(update={"catalogue_poll_seconds": 0.01})
    api = await start(often, catalog=catalog)
    for away in (True, False):
        catalog.broken = away
        async with asyncio.timeout(10):
            while (await listed(api, item_ids=[1]))["degraded"] != ["postgres"] * away:  # noqa: ASYNC110 - no signal
                await asyncio.sleep(0.01)


async def test_an_item_of_a_moment_ago_can_be_touched(api: Api) -> None:
    await api.stores.catalog.put(Item(5001, "Brand new", category="Kitchen"))
    session_id = await begin(api)
    assert (await did(api, session_id, 5001)).status_code == httpx.codes.CREATED
    assert (await listed(api, item_ids=[5001]))["recommendations"]


async def test_what_becomes_of_guests_and_their_events_is_counted(api: Api) -> None:
    def counted() -> list[float]:
        events = ("stored", "duplicate", "not_found")
        begun = sample("recstack_sessions_total", outcome="begun")
        return [begun, *(sample("recstack_session_events_total", outcome=outcome) for outcome in events)]

    before = counted()
    session_id = await begin(api)
    for _ in range(2):
        await did(api, session_id, 1, event_id="counted")
    await did(api, "nobody", 1)
    assert counted() == [number + 1 for number in before]
