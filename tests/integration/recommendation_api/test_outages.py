"""Dependencies that are away when the service starts, and ones that fall silent under it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from recommendation_api.app import create_app
from recsys.settings import Settings
from recsys.testing.asgi import speaking_to
from recsys.testing.releases import VERSION
from recsys.testing.worlds import SmallWorld

from .relay import Relay

pytestmark = [pytest.mark.integration, pytest.mark.anyio]

PATIENCE = 0.5
"""Seconds that a dependency is waited for."""
AT_ONCE = 20
HEAL_SECONDS = 15.0


@asynccontextmanager
async def relayed(settings: Settings, *names: str) -> AsyncIterator[tuple[Settings, dict[str, Relay]]]:
    """Settings by which these dependencies (`database`, `redis`) are reached through relays."""
    relays, urls = {}, {}
    for name in names:
        address = urlsplit(getattr(settings, f"{name}_url"))
        relays[name] = Relay(address.port or 0)
        urls[f"{name}_url"] = address._replace(
            netloc=address.netloc.replace(f":{address.port}", f":{relays[name].port}")
        ).geturl()
    try:
        yield settings.model_copy(update={**urls, "dependency_timeout_seconds": PATIENCE}), relays
    finally:
        for relay in relays.values():
            await relay.aclose()


async def start_once(settings: Settings) -> None:
    """A service that stopped again, while nothing was away."""
    async with speaking_to(create_app(settings)):
        pass


async def asked(client: httpx.AsyncClient, user_id: int, **more: Any) -> dict[str, Any]:
    answer = await client.post("/recommendations", json={"user_id": user_id, **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert len(found["recommendations"]) == more.get("num_recommendations", 10)
    return found


async def healed(client: httpx.AsyncClient, user_id: int) -> dict[str, Any]:
    deadline = time.monotonic() + HEAL_SECONDS
    while (answer := await asked(client, user_id))["degraded"]:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    return answer


def ids(answer: dict[str, Any]) -> list[int]:
    return [entry["item_id"] for entry in answer["recommendations"]]


@pytest.mark.parametrize("how", ["refusing", "silent"])
async def test_it_starts_without_postgres_and_answers_from_the_release(
    settings: Settings, world: SmallWorld, how: str
) -> None:
    """From what the last one knew: of erasures too, so that it may use the release's rows."""
    user_id = world.lovers["Garden"][0]
    await start_once(settings)
    async with relayed(settings, "database") as (through, relays):
        if how == "silent":
            await relays["database"].open()
            relays["database"].hush()
        async with speaking_to(create_app(through)) as client:
            assert (await client.get("/ready")).json()["release"] == VERSION
            answer = await asked(client, user_id)
            assert answer["degraded"] == ["postgres"]
            assert {entry["category"] for entry in answer["recommendations"][:5]} == {"Garden"}
            assert not {*ids(answer)} & world.touched_by(user_id)
            only = await asked(client, user_id, num_recommendations=5, filters={"categories": ["Space"]})
            assert {entry["category"] for entry in only["recommendations"]} == {"Space"}
            for route, body in (
                ("/interactions", {"user_id": 1, "item_id": 5, "type": "like"}),
                ("/users", {"age": 30}),
            ):
                refused = await client.post(route, json=body)
                assert refused.status_code == 503
                assert int(refused.headers["retry-after"]) > 0
            if how == "silent":
                relays["database"].thaw()
            else:
                await relays["database"].open()
            await healed(client, user_id)
            stored = await client.post("/interactions", json={"user_id": user_id, "item_id": 5, "type": "like"})
            assert stored.status_code == 201
            assert 5 not in ids(await healed(client, user_id))


@pytest.mark.parametrize(("name", "called"), [("database", "postgres"), ("redis", "redis")])
async def test_a_dependency_that_falls_silent_costs_a_few_a_timeout_and_the_others_nothing(
    settings: Settings, world: SmallWorld, name: str, called: str
) -> None:
    async with relayed(settings, name) as (through, relays):
        await relays[name].open()
        async with speaking_to(create_app(through)) as client:
            before = await asked(client, 1)
            assert before["degraded"] == []
            relays[name].hush()
            began = time.monotonic()
            together = await asyncio.gather(*(asked(client, user.user_id) for user in world.users[1 : AT_ONCE + 1]))
            assert time.monotonic() - began < 8 * PATIENCE
            assert {tuple(answer["degraded"]) for answer in together} == {(called,)}
            began = time.monotonic()
            for user in world.users[30:40]:
                assert (await asked(client, user.user_id))["degraded"] == [called]
            assert time.monotonic() - began < 5 * PATIENCE
            relays[name].thaw()
            assert ids(await healed(client, 1)) == ids(before)


async def test_with_every_dependency_away_at_the_start_the_newest_release_on_disk_answers(
    settings: Settings, world: SmallWorld
) -> None:
    await start_once(settings)
    async with (
        relayed(settings, "database", "redis") as (through, _),
        speaking_to(create_app(through)) as client,
    ):
        answer = await asked(client, world.lovers["Garden"][0])
        assert answer["release"] == VERSION
        assert sorted(answer["degraded"]) == ["postgres", "redis"]
        assert {entry["category"] for entry in answer["recommendations"][:5]} == {"Garden"}
        cold = await asked(client, 999_999, explain=True)
        assert cold["cold_start"]
        health = (await client.get("/health")).json()
        assert health["status"] == "degraded"
        assert set(health["dependencies"].values()) == {"down"}


async def test_guests_are_refused_a_session_without_redis_but_not_a_list(settings: Settings, world: SmallWorld) -> None:
    async with relayed(settings, "redis") as (through, relays), speaking_to(create_app(through)) as client:
        refused = await client.post("/sessions")
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0
        touched = list(world.items_of("Music")[:2])
        answer = await client.post("/sessions/recommendations", json={"item_ids": touched, "num_recommendations": 5})
        assert answer.status_code == 200, answer.text
        assert {entry["category"] for entry in answer.json()["recommendations"]} == {"Music"}
        await relays["redis"].open()
        deadline = time.monotonic() + HEAL_SECONDS
        while (await client.post("/sessions")).status_code != 201:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)
