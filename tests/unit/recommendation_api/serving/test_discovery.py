from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from recsys.adapters.memory import MemoryReleaseRegistry
from recsys.algorithms.als import Als
from recsys.algorithms.base import FloatArray, IndexArray
from recsys.algorithms.hybrid import Hybrid
from recsys.domain import Algorithm, Item
from recsys.errors import InvalidInput, NotFound, NotReady
from recsys.neighbours.nearest import NearestItems
from recsys.stores import Stores
from recsys.testing.clock import ManualClock
from recsys.testing.worlds import SmallWorld
from tests.unit.recommendation_api.serving.running import Open, Running

pytestmark = pytest.mark.anyio

SIMILARITIES = [Algorithm.CONTENT_BASED, Algorithm.ITEM_BASED, Algorithm.ALS, Algorithm.HYBRID]


@pytest.mark.parametrize("algorithm", SIMILARITIES)
async def test_similar_items_are_of_the_same_kind_highest_first(
    running: Running, world: SmallWorld, algorithm: Algorithm
) -> None:
    for category in world.categories:
        item_id = world.items_of(category)[0]
        found = await running.serving.similar(item_id, algorithm, 5)
        assert len({item.item_id for item in found} - {item_id}) == 5
        assert sum(item.category == category for item in found) >= 4
        assert [item.score for item in found] == sorted((item.score for item in found), reverse=True)


@pytest.mark.parametrize("algorithm", SIMILARITIES)
async def test_similar_items_are_as_many_as_there_are(
    running: Running, world: SmallWorld, algorithm: Algorithm
) -> None:
    found = await running.serving.similar(world.untouched_item, algorithm, 500)
    assert len({item.item_id for item in found}) == len(world.items) - 1
    assert [item.score for item in found] == sorted((item.score for item in found), reverse=True)


async def test_an_item_newer_than_the_release_has_popular_neighbours_of_its_category(running: Running) -> None:
    await running.stores.catalog.put(Item(500, "New", category="Music"))
    await running.catalogue.refresh()
    found = await running.serving.similar(500, Algorithm.CONTENT_BASED, 5)
    assert [item.category for item in found] == ["Music"] * 5


async def test_items_without_a_category_are_no_category_of_their_own(running: Running, world: SmallWorld) -> None:
    seldom = (await running.serving.popular(None, len(world.items)))[60].item_id
    for item in (Item(500, "New"), Item(seldom, "Seldom")):
        await running.stores.catalog.put(item)
    await running.catalogue.refresh()
    found = await running.serving.similar(500, Algorithm.CONTENT_BASED, 5)
    assert [item.item_id for item in found] == [item.item_id for item in await running.serving.popular(None, 5)]


async def test_a_blend_of_similarities_is_told_how_many_touched_the_item(
    running: Running, world: SmallWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    similar = Hybrid.similar

    def listen(model: Hybrid, items: IndexArray, touched: IndexArray | None = None) -> FloatArray:
        told.extend([] if touched is None else touched.tolist())
        return similar(model, items, touched)

    monkeypatch.setattr(Hybrid, "similar", listen)
    item_ids = [world.items_of("Music")[0], world.untouched_item]
    for item_id in item_ids:
        await running.serving.similar(item_id, Algorithm.HYBRID, 3)
    touched_by = [{event.user_id for event in world.interactions if event.item_id == item_id} for item_id in item_ids]
    assert told == [len(users) for users in touched_by]
    assert told[0] > told[1] == 0


async def test_what_is_not_on_offer_is_nobodys_neighbour_and_not_popular(
    running: Running, world: SmallWorld, clock: ManualClock
) -> None:
    item_id = world.items_of("Music")[0]
    near = (await running.serving.similar(item_id, Algorithm.ALS, 1))[0].item_id
    top = (await running.serving.popular("Music", 1))[0].item_id
    for gone in (near, top):
        item = await running.stores.catalog.get(gone)
        assert item is not None
        await running.stores.catalog.put(replace(item, available_until=clock.now() - timedelta(seconds=1)))
    await running.catalogue.refresh()
    assert near not in {item.item_id for item in await running.serving.similar(item_id, Algorithm.ALS, 200)}
    assert top not in {item.item_id for item in await running.serving.popular(None, 200)}


async def test_a_kept_list_is_read_instead_of_the_catalogue_while_it_holds_enough(
    running: Running, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = await running.serving.similar(1, Algorithm.ALS, 12)
    scan, scanned = Als.similar, []

    def listen(model: Als, items: IndexArray) -> FloatArray:
        scanned.extend(items.tolist())
        return scan(model, items)

    def listed(model: Als, item: int) -> tuple[IndexArray, FloatArray]:
        lists = NearestItems.of(model.item_factors, exact_below=0, listed=8)
        assert lists is not None
        return lists[item], scan(model, np.array([item], np.int32))[0, lists[item]]

    monkeypatch.setattr(Als, "similar", listen)
    monkeypatch.setattr(Als, "nearest", listed)
    assert await running.serving.similar(1, Algorithm.ALS, 8) == right[:8]
    assert scanned == []
    assert await running.serving.similar(1, Algorithm.ALS, 9) == right[:9]
    assert scanned == [0]
    gone = await running.stores.catalog.get(right[0].item_id)
    assert gone is not None
    await running.stores.catalog.put(replace(gone, available_until=clock.now() - timedelta(seconds=1)))
    await running.catalogue.refresh()
    assert await running.serving.similar(1, Algorithm.ALS, 8) == right[1:9]
    assert scanned == [0, 0]


async def test_unknown_items_and_measures_are_refused(running: Running) -> None:
    with pytest.raises(NotFound):
        await running.serving.similar(10_000, Algorithm.ALS, 5)
    with pytest.raises(InvalidInput):
        await running.serving.similar(1, Algorithm.POPULARITY, 5)
    with pytest.raises(InvalidInput):
        await running.serving.popular("No such category", 5)


async def test_popular_items_are_those_with_the_most_and_best_events(running: Running, world: SmallWorld) -> None:
    found = await running.serving.popular(None, len(world.items))
    touched = {event.item_id for event in world.interactions}
    assert {item.item_id for item in found[: len(touched)]} == touched
    only_books = await running.serving.popular("Books", 3)
    assert [item.item_id for item in only_books] == [item.item_id for item in found if item.category == "Books"][:3]


async def test_taste_is_learned_from_what_was_liked(running: Running, world: SmallWorld) -> None:
    shares = await running.serving.profile_taste(world.disliker)
    assert [share.category for share in shares] == [world.loved_category]
    assert shares[0].share == 1
    mixed = await running.serving.profile_taste(world.twins[0])
    assert sum(share.share for share in mixed) == pytest.approx(1, abs=1e-5)
    assert await running.serving.profile_taste(world.cold_user) == []


async def test_twins_are_alike_and_nobody_is_like_themselves(running: Running, world: SmallWorld) -> None:
    first, second = world.twins
    found = await running.serving.similar_users(first, 5)
    assert found[0].user_id == second
    assert first not in {user.user_id for user in found}
    assert [user.score for user in found] == sorted((user.score for user in found), reverse=True)
    assert all(0 < user.score <= 1 for user in found)
    assert await running.serving.similar_users(world.cold_user, 5) == []


async def test_lovers_of_a_category_are_alike(running: Running, world: SmallWorld) -> None:
    fans = world.lovers["Music"]
    found = await running.serving.similar_users(fans[0], 5)
    assert {user.user_id for user in found} <= set(fans)


async def test_algorithms_are_named_with_what_was_measured(running: Running) -> None:
    infos = {info.name: info for info in running.serving.algorithms()}
    assert infos[Algorithm.HYBRID].metrics == {"ndcg@10": 0.5}
    assert infos[Algorithm.ALS].settings["factors"] == 8
    assert Algorithm.EASE not in infos


async def test_before_the_first_release_nothing_can_be_said(open_serving: Open, stores: Stores) -> None:
    running = await open_serving(replace(stores, registry=MemoryReleaseRegistry(None)))
    assert running.serving.release is None
    assert running.serving.algorithms() == []
    for asked in (
        running.ask(1),
        running.serving.similar(1, Algorithm.ALS, 5),
        running.serving.popular(None, 5),
        running.serving.profile_taste(1),
        running.serving.similar_users(1, 5),
    ):
        with pytest.raises(NotReady):
            await asked
