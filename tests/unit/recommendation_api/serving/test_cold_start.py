"""Of whom little is known: nobody, somebody who said what they like, somebody with a first event."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from recsys.domain import EventType, Item, User
from recsys.testing.worlds import SmallWorld
from tests.unit.recommendation_api.serving.running import Running, categories, ids

pytestmark = pytest.mark.anyio

NOBODY = 999_999


async def test_an_unknown_user_gets_popular_items(running: Running) -> None:
    answer = await running.ask(NOBODY, explain=True)
    popular = [item.item_id for item in await running.serving.popular(None, 10)]
    assert answer["cold_start"]
    assert ids(answer) == popular
    assert {part["source"] for entry in answer["recommendations"] for part in entry["explanation"]["parts"]} == {
        "popularity"
    }


@pytest.mark.parametrize("algorithm", ["als", "svd", "user_based", "item_based", "content_based", "popularity"])
async def test_every_algorithm_answers_an_unknown_user(running: Running, algorithm: str) -> None:
    answer = await running.ask(NOBODY, 120, algorithm)
    assert len(set(ids(answer))) == 120


async def test_a_new_user_gets_popular_items_of_the_categories_that_they_chose(running: Running) -> None:
    user = await running.stores.users.create(User(0, preferences={"Music": 1.0, "Space": 0.2}))
    answer = await running.ask(user.user_id)
    assert answer["cold_start"]
    assert set(categories(answer)) <= {"Music", "Space"}
    assert categories(answer).count("Music") > categories(answer).count("Space") > 0
    assert answer["recommendations"][0]["reason"] == "Popular in Music, a category that you chose"


async def test_the_longer_list_of_a_new_user_goes_on_with_what_is_popular(running: Running, world: SmallWorld) -> None:
    user = await running.stores.users.create(User(0, preferences={"Music": 1.0}))
    answer = await running.ask(user.user_id, 60)
    touched = {event.item_id for event in world.interactions}
    music = [name == "Music" for name in categories(answer)]
    in_front = sum(1 for item_id in world.items_of("Music") if item_id in touched)
    assert music == [True] * in_front + [False] * (60 - in_front)


async def test_items_liked_at_sign_up_count_as_liked(running: Running, world: SmallWorld) -> None:
    liked = world.items_of("Kitchen")[:3]
    user = await running.stores.users.create(User(0, liked_item_ids=liked))
    for algorithm in ("hybrid", "als", "item_based", "content_based"):
        answer = await running.ask(user.user_id, 10, algorithm, explain=True)
        assert answer["cold_start"]
        assert categories(answer).count("Kitchen") >= 8, algorithm
        assert not set(ids(answer)) & set(liked)
        causes = {
            (cause["item_id"], cause["type"])
            for entry in answer["recommendations"]
            for part in entry["explanation"]["parts"]
            for cause in part.get("because", [])
        }
        assert causes
        assert causes <= {(item_id, "like") for item_id in liked}


@pytest.mark.parametrize("algorithm", ["hybrid", "popularity", "item_based"])
async def test_an_item_liked_at_sign_up_comes_last_but_it_comes(
    running: Running, world: SmallWorld, algorithm: str
) -> None:
    user = await running.stores.users.create(User(0, liked_item_ids=(5, 70)))
    assert set(ids(await running.ask(user.user_id, len(world.items), algorithm))[-2:]) == {5, 70}


async def test_stated_preferences_and_liked_items_count_together(running: Running, world: SmallWorld) -> None:
    user = await running.stores.users.create(
        User(0, preferences={"Music": 1.0}, liked_item_ids=world.items_of("Kitchen")[:3])
    )
    assert {"Music", "Kitchen"} <= set(categories(await running.ask(user.user_id, 30)))


async def test_the_first_event_ends_the_cold_start_and_shows_at_once(running: Running, world: SmallWorld) -> None:
    user = await running.stores.users.create(User(0))
    before = await running.ask(user.user_id)
    await running.record(user.user_id, world.items_of("Space")[0], EventType.PURCHASE)
    after = await running.ask(user.user_id)
    assert (before["cold_start"], after["cold_start"]) == (True, False)
    assert categories(after).count("Space") > categories(before).count("Space")
    assert world.items_of("Space")[0] not in ids(after)


async def test_what_was_said_at_sign_up_is_gone_after_five_events(running: Running, world: SmallWorld) -> None:
    said = await running.stores.users.create(User(0, preferences={"Music": 1.0}, liked_item_ids=(1, 2)))
    silent = await running.stores.users.create(User(0))
    for user in (said, silent):
        for item_id in world.items_of("Space")[:5]:
            await running.record(user.user_id, item_id)
    assert ids(await running.ask(said.user_id)) == ids(await running.ask(silent.user_id))


async def test_a_change_of_mind_shows_in_the_next_answer(running: Running, world: SmallWorld) -> None:
    before = await running.ask(world.cold_user)
    await running.stores.users.change(world.cold_user, lambda user: replace(user, preferences={"Garden": 1.0}))
    await running.stores.cache.invalidate([world.cold_user])
    after = await running.ask(world.cold_user)
    assert set(categories(before)) == {world.stated_category}
    assert set(categories(after)) == {"Garden"}


async def test_an_event_on_an_item_that_the_release_does_not_know_is_seen_all_the_same(running: Running) -> None:
    await running.stores.catalog.put(Item(500, "New", category="Lamps"))
    await running.catalogue.refresh()
    only_lamps: dict[str, Any] = {"filters": {"categories": ["Lamps"]}}
    assert ids(await running.ask(1, **only_lamps)) == [500]
    await running.record(1, 500)
    assert ids(await running.ask(1, **only_lamps)) == []
    assert ids(await running.ask(1, filters={"categories": ["Lamps"], "include_seen": True})) == [500]


@pytest.mark.parametrize("algorithm", ["hybrid", "als", "svd", "user_based", "item_based", "content_based"])
async def test_lovers_of_one_category_get_that_category(running: Running, world: SmallWorld, algorithm: str) -> None:
    for category, lovers in world.lovers.items():
        answer = await running.ask(lovers[0], 5, algorithm)
        assert categories(answer) == [category] * 5


async def test_what_was_disliked_comes_last(running: Running, world: SmallWorld) -> None:
    answer = await running.ask(world.disliker, 100, "content_based")
    names = categories(answer)
    assert names[0] == world.loved_category
    assert max(at for at, name in enumerate(names) if name == world.disliked_category) == len(names) - 1
