"""Two workers over one PostgreSQL and one Redis, one of them cut off from Redis."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from recommendation_api.app import create_app
from recsys.settings import Settings
from recsys.testing.asgi import speaking_to
from recsys.testing.worlds import SmallWorld

from .relay import Relay

pytestmark = [pytest.mark.integration, pytest.mark.anyio]


async def answer(client: httpx.AsyncClient, user_id: int) -> dict[str, Any]:
    answer = await client.post("/recommendations", json={"user_id": user_id})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_an_event_told_to_a_worker_that_is_cut_off_from_redis_shows_at_the_others(
    settings: Settings, world: SmallWorld
) -> None:
    address = urlsplit(settings.redis_url)
    relay = Relay(address.port or 0)
    await relay.open()
    through = settings.redis_url.replace(f":{address.port}", f":{relay.port}")
    user_id = world.lovers["Garden"][0]
    async with (
        speaking_to(create_app(settings.model_copy(update={"redis_url": through}))) as cut_off,
        speaking_to(create_app(settings)) as connected,
    ):
        first = (await answer(connected, user_id))["recommendations"][0]["item_id"]
        assert (await answer(connected, user_id))["cached"]
        await relay.cut()
        event = {"user_id": user_id, "item_id": first, "type": "purchase"}
        assert (await cut_off.post("/interactions", json=event)).status_code == 201
        await asyncio.sleep(3)
        assert first not in [each["item_id"] for each in (await answer(connected, user_id))["recommendations"]]
        assert (await answer(cut_off, user_id))["degraded"] == ["redis"]
        assert (await answer(connected, user_id))["cached"]
