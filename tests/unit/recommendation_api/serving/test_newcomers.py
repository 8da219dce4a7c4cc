"""Items that are newer than the release: what is like them, and who would like them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from recsys.domain import Algorithm, Item, User
from recsys.errors import NotFound
from recsys.testing.worlds import SmallWorld
from tests.unit.recommendation_api.serving.running import Running

pytestmark = pytest.mark.anyio

NEW = 700


@pytest.fixture
async def with_twin(running: Running, world: SmallWorld) -> tuple[Running, Item]:
    """A new item of other category and price, whose words are those of a known one."""
    known = world.items[world.items_of("Space")[0] - 1]
    await running.stores.catalog.put(replace(known, item_id=NEW, category="Lamps", price=None))
    await running.catalogue.refresh()
    return running, known


@pytest.mark.parametrize("algorithm", ["content_based", "hybrid", "als"])
async def test_a_new_item_is_near_what_reads_like_it_from_its_first_moment(
    with_twin: tuple[Running, Item], algorithm: Algorithm
) -> None:
    running, known = with_twin
    found = await running.serving.similar(NEW, Algorithm(algorithm), 5)
    assert found[0].item_id == known.item_id
    assert found[0].score > 0.9
    assert {item.category for item in found} == {"Space"}


async def test_a_new_item_is_found_near_what_it_reads_like(with_twin: tuple[Running, Item]) -> None:
    running, known = with_twin
    assert NEW in {item.item_id for item in await running.serving.similar(known.item_id, Algorithm.CONTENT_BASED, 5)}


async def test_another_text_puts_it_elsewhere(with_twin: tuple[Running, Item], world: SmallWorld) -> None:
    running, _ = with_twin
    model = world.items[world.items_of("Garden")[0] - 1]
    await running.stores.catalog.put(replace(model, item_id=NEW))
    await running.catalogue.refresh()
    found = await running.serving.similar(NEW, Algorithm.CONTENT_BASED, 5)
    assert {item.category for item in found} == {"Garden"}


async def test_a_new_item_is_shown_to_those_who_love_its_like(
    with_twin: tuple[Running, Item], world: SmallWorld
) -> None:
    running, known = with_twin
    found = await running.serving.audience(NEW, 10)
    assert len(found) == 10
    assert {member.user_id for member in found} <= {*world.lovers["Space"], *world.twins}
    assert [member.score for member in found] == sorted((member.score for member in found), reverse=True)
    assert all(0 < member.score <= 1 for member in found)
    assert any(member.reason == f"Chose {known.title}, which is like it" for member in found)


async def test_who_has_seen_or_hidden_it_is_left_out_at_once(with_twin: tuple[Running, Item]) -> None:
    running, _ = with_twin
    first, second, third = [member.user_id for member in await running.serving.audience(NEW, 3)]
    await running.record(first, NEW)
    await running.stores.hidden_items.hide(second, NEW)
    after = [member.user_id for member in await running.serving.audience(NEW, 500)]
    assert after[0] == third
    assert not {first, second} & {*after}


async def test_who_touched_a_known_item_is_not_its_audience(running: Running, world: SmallWorld) -> None:
    item_id = world.items_of("Music")[0]
    fans = {event.user_id for event in world.interactions if event.item_id == item_id}
    found = {member.user_id for member in await running.serving.audience(item_id, 500)}
    assert fans
    assert not fans & found
    assert found & {*world.lovers["Music"]}


async def test_who_dislikes_its_like_is_not_its_audience(running: Running, world: SmallWorld) -> None:
    await running.stores.catalog.put(replace(world.items[world.items_of(world.disliked_category)[19] - 1], item_id=NEW))
    await running.catalogue.refresh()
    assert world.disliker not in {member.user_id for member in await running.serving.audience(NEW, 500)}


async def test_an_unknown_item_has_no_audience(running: Running) -> None:
    await running.stores.users.create(User(0))
    with pytest.raises(NotFound):
        await running.serving.audience(NEW, 1)
