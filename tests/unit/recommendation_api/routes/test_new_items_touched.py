"""Who touched only what no algorithm knows yet gets what reads like it."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from recsys.domain import EventType, Interaction, Item, User
from recsys.testing.worlds import END, SmallWorld
from tests.unit.recommendation_api.conftest import Api

pytestmark = pytest.mark.anyio

NEW = 900_001


async def brand_new(api: Api, like: Item) -> int:
    """An item of a moment ago that reads like another one, in a category of its own."""
    said = {"title": f"{like.title} again", "description": like.description, "tags": list(like.tags), "category": "New"}
    answer = await api.client.put(f"/items/{NEW}", json=said)
    assert answer.status_code == httpx.codes.CREATED, answer.text
    return NEW


@pytest.mark.parametrize("algorithm", ["hybrid", "als", "item_based", "content_based"])
async def test_a_guest_gets_what_reads_like_a_new_item(api: Api, world: SmallWorld, algorithm: str) -> None:
    new = await brand_new(api, world.items[world.items_of("Space")[4] - 1])
    question = {"item_ids": [new], "num_recommendations": 5, "algorithm": algorithm, "explain": True}
    answer = (await api.client.post("/sessions/recommendations", json=question)).json()["recommendations"]
    assert [entry["category"] for entry in answer].count("Space") >= 4
    assert answer[0]["reason"] == "Similar to what you looked at"
    assert new not in {entry["item_id"] for entry in answer}
    for entry in answer:
        assert sum(part["share"] for part in entry["explanation"]["parts"]) == pytest.approx(entry["score"], abs=1e-6)


async def test_a_user_of_a_second_ago_too_and_a_dislike_says_nothing_for_it(api: Api, world: SmallWorld) -> None:
    new = await brand_new(api, world.items[world.items_of("Space")[4] - 1])
    for kind, is_near in ((EventType.LIKE, True), (EventType.DISLIKE, False)):
        user = await api.stores.users.create(User(0))
        event = Interaction(f"e-{kind}", user.user_id, new, kind, END + timedelta(seconds=1))
        await api.stores.interactions.record([event])
        space = {item_id for item_id in await api.recommended(user.user_id) if item_id in world.items_of("Space")}
        assert (len(space) >= 4) == is_near


async def test_exactly_as_many_come_as_are_asked_for(api: Api, world: SmallWorld) -> None:
    new = await brand_new(api, world.items[0])
    question = {"item_ids": [new], "num_recommendations": 120}
    answer = (await api.client.post("/sessions/recommendations", json=question)).json()["recommendations"]
    assert len({entry["item_id"] for entry in answer}) == 120
    scores = [entry["score"] for entry in answer]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("algorithm", ["hybrid", "content_based"])
async def test_a_new_item_counts_beside_old_ones(api: Api, world: SmallWorld, algorithm: str) -> None:
    user = await api.stores.users.create(User(0))
    old = world.items_of("Books")[:2]
    events = [Interaction(f"old-{item}", user.user_id, item, EventType.LIKE, END) for item in old]
    await api.stores.interactions.record(events)

    async def space() -> int:
        question = {"user_id": user.user_id, "algorithm": algorithm, "num_recommendations": 30, "explain": True}
        answer = await api.client.post("/recommendations", json={**question, "use_cache": False})
        found = answer.json()["recommendations"]
        for entry in found:
            assert sum(part["share"] for part in entry["explanation"]["parts"]) == pytest.approx(
                entry["score"], abs=1e-6
            )
        return [entry["category"] for entry in found].count("Space")

    before = await space()
    new = await brand_new(api, world.items[world.items_of("Space")[4] - 1])
    event = Interaction("new", user.user_id, new, EventType.PURCHASE, END + timedelta(seconds=1))
    await api.stores.interactions.record([event])
    assert await space() >= before + 3
