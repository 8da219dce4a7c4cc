"""The application over the real stores."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx
import pytest

from native.ports import LOOPBACK, free_port
from recommendation_api.app import create_app
from recsys.settings import Settings
from recsys.testing.asgi import speaking_to
from recsys.testing.releases import VERSION
from recsys.testing.worlds import SmallWorld

from .relay import Relay

pytestmark = [pytest.mark.integration, pytest.mark.anyio]


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with speaking_to(create_app(settings)) as client:
        yield client


async def recommended(client: httpx.AsyncClient, user_id: int, n: int = 10) -> list[int]:
    answer = await client.post("/recommendations", json={"user_id": user_id, "num_recommendations": n})
    assert answer.status_code == 200, answer.text
    return [entry["item_id"] for entry in answer.json()["recommendations"]]


async def test_the_last_deployed_release_serves_while_the_registry_is_away(client: httpx.AsyncClient) -> None:
    health = (await client.get("/health")).json()
    assert health == {
        "status": "degraded",
        "release": VERSION,
        "dependencies": {"postgres": "ok", "redis": "ok", "mlflow": "down"},
    }


async def test_an_event_changes_the_very_next_list(client: httpx.AsyncClient, world: SmallWorld) -> None:
    user_id = world.lovers["Garden"][0]
    before = await recommended(client, user_id)
    assert await recommended(client, user_id) == before
    event = {"user_id": user_id, "item_id": before[0], "type": "purchase", "event_id": "order-1"}
    assert (await client.post("/interactions", json=event)).status_code == 201
    after = await recommended(client, user_id)
    assert before[0] not in after
    assert len(after) == len(before)
    assert (await client.post("/interactions", json=event)).json() == {"event_id": "order-1", "duplicate": True}
    assert (await client.post("/interactions", json={**event, "type": "view"})).status_code == 409


async def test_a_batch_judges_each_row_by_itself(client: httpx.AsyncClient) -> None:
    event = {"user_id": 1, "item_id": 5, "type": "like", "event_id": "known"}
    rows = [event, event, {**event, "item_id": 6}, {**event, "user_id": 9**9}, {**event, "item_id": 9**9}, {}]
    rows += [{"user_id": 1, "item_id": 7, "type": "rating", "value": 4.5, "event_id": "rated"}]
    answer = await client.post("/interactions/batch", json={"interactions": rows})
    assert [row["status"] for row in answer.json()["results"]] == [201, 200, 409, 404, 404, 422, 201]
    recent = (await client.get("/users/1/profile")).json()["recent_interactions"]
    assert {each["event_id"] for each in recent[:2]} == {"known", "rated"}


async def test_a_user_is_created_told_and_changed(client: httpx.AsyncClient, world: SmallWorld) -> None:
    garden = set(world.items_of("Garden"))
    cold = await recommended(client, len(world.users) + 1)
    new = {"age": 30, "country": "FR", "preferences": {"categories": {"Garden": 1.0}}, "external_id": "crm-1"}
    created = await client.post("/users", json=new)
    assert created.status_code == 201, created.text
    user_id = created.json()["user_id"]
    assert user_id == len(world.users) + 1
    assert len(garden.intersection(await recommended(client, user_id))) > len(garden.intersection(cold))
    changed = (await client.patch(f"/users/{user_id}", json={"age": None})).json()
    assert changed == {**created.json(), "age": None}
    assert (await client.post("/users", json=new)).status_code == 409
    unknown = await client.post("/users", json={"preferences": {"categories": {"Nonsense": 1}}})
    assert unknown.json()["errors"][0]["field"] == "preferences.categories.Nonsense"


async def test_changes_of_one_user_at_once_lose_nothing(client: httpx.AsyncClient) -> None:
    changes: list[dict[str, Any]] = [
        {"age": 30},
        {"gender": "other"},
        {"country": "FR"},
        {"preferences": {"categories": {"Garden": 1.0}}},
        {"liked_item_ids": [5]},
    ]
    for _ in range(5):
        blank = dict.fromkeys(["age", "gender", "country", "preferences", "liked_item_ids"])
        assert (await client.patch("/users/1", json=blank)).status_code == 200
        answers = await asyncio.gather(*(client.patch("/users/1", json=change) for change in changes))
        assert [answer.status_code for answer in answers] == [200] * len(changes)
        user = (await client.patch("/users/1", json={})).json()
        assert {name: user[name] for change in changes for name in change} == {
            name: value for change in changes for name, value in change.items()
        }


async def test_an_item_is_served_at_once_and_withdrawn_at_once(client: httpx.AsyncClient) -> None:
    item = {"title": "Zanzibarian thimble", "category": "Curios", "tags": ["sewing"], "price": 3.5}
    assert (await client.put("/items/9000", json=item)).status_code == 201
    stored = (await client.get("/items/9000")).json()
    assert {name: stored[name] for name in item} == item
    assert (await client.get("/search?q=thimble")).json()["items"][0]["item_id"] == 9000
    assert (await client.get("/popular?category=Curios")).json()["items"][0]["item_id"] == 9000
    gone = {**item, "available_until": "2020-01-01T00:00:00Z"}
    assert (await client.put("/items/9000", json=gone)).status_code == 200
    assert (await client.get("/popular?category=Curios")).json()["items"] == []
    assert 9000 not in [found["item_id"] for found in (await client.get("/search?q=thimble")).json()["items"]]


async def test_without_postgres_lists_go_on_and_no_event_is_acknowledged(settings: Settings) -> None:
    address = urlsplit(settings.database_url)
    relay = Relay(address.port or 0)
    await relay.open()
    through = address._replace(netloc=address.netloc.replace(f":{address.port}", f":{relay.port}")).geturl()
    event = {"user_id": 1, "item_id": 5, "type": "like", "event_id": "sent-in-the-outage"}
    async with speaking_to(create_app(settings.model_copy(update={"database_url": through}))) as client:
        await relay.cut()
        answer = await client.post("/interactions", json=event)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert (await client.post("/interactions/batch", json={"interactions": [event]})).status_code == 503
        assert (await client.get("/health")).json()["dependencies"]["postgres"] == "down"
        lists = (await client.post("/recommendations", json={"user_id": 2})).json()
        assert (len(lists["recommendations"]), lists["degraded"]) == (10, ["postgres"])
        await relay.open()
        with anyio.fail_after(30):
            while (await client.post("/interactions", json=event)).status_code != 201:  # noqa: ASYNC110 - its breaker
                await anyio.sleep(0.2)
    await relay.cut()


async def test_without_redis_everything_goes_on(settings: Settings, world: SmallWorld) -> None:
    lost = settings.model_copy(update={"redis_url": f"redis://{LOOPBACK}:{free_port()}/0"})
    async with speaking_to(create_app(lost)) as client:
        before = await recommended(client, 1)
        event = {"user_id": 1, "item_id": before[0], "type": "purchase"}
        assert (await client.post("/interactions", json=event)).status_code == 201
        assert before[0] not in await recommended(client, 1)
        assert (await client.get("/health")).json()["dependencies"]["redis"] == "down"
