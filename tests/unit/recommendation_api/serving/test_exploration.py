"""New items in the last places of lists: how often, with what probability, for whom, and until when."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from recommendation_api.catalogue_arrays import CatalogueArrays
from recommendation_api.serving.exploration import ENOUGH, EXPLORATION, Counted, Explorer, explore
from recommendation_api.serving.impressions import Impressions
from recommendation_api.serving.live import LiveRelease
from recommendation_api.serving.people import Person, crowd
from recommendation_api.serving.ranking import Case, rank
from recsys.domain import Algorithm, Item
from recsys.ports import KeptList
from recsys.release import Release
from recsys.settings import EventWeights
from recsys.testing.worlds import SmallWorld
from tests.unit.recommendation_api.serving.running import Running, ids

pytestmark = pytest.mark.anyio

BOOKS, SPACE = 801, 802


@pytest.fixture
async def with_new_items(running: Running) -> Running:
    for item_id, category in ((BOOKS, "Books"), (SPACE, "Space")):
        await running.stores.catalog.put(Item(item_id, f"A brand-new thing {item_id}", category=category, price=10))
    await running.catalogue.refresh()
    return running


def explored(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for entry in answer["recommendations"]:
        parts = {part["source"]: part["share"] for part in entry["explanation"]["parts"]}
        if EXPLORATION in parts:
            assert parts == {EXPLORATION: entry["score"]}
            yield entry


async def test_every_new_item_is_shown_in_about_half_of_the_lists_of_ten(
    with_new_items: Running, world: SmallWorld
) -> None:
    answers = [await with_new_items.ask(user.user_id, explain=True) for user in world.users[:60]]
    shown = Counter(entry["item_id"] for answer in answers for entry in explored(answer))
    assert shown.keys() == {BOOKS, SPACE}
    assert 0.35 < shown.total() / len(answers) < 0.65
    for answer in answers:
        scores = [entry["score"] for entry in answer["recommendations"]]
        assert scores == sorted(scores, reverse=True)
        assert len(set(ids(answer))) == 10
        assert [entry["rank"] for entry in explored(answer)] in ([], [10])


async def test_the_same_question_gets_the_same_list_and_another_one_another(
    with_new_items: Running, world: SmallWorld
) -> None:
    drawn = []
    for user in world.users[:20]:
        fresh = [ids(await with_new_items.ask(user.user_id, use_cache=False)) for _ in range(2)]
        assert fresh[0] == fresh[1]
        drawn.append(fresh[0][-1] in {BOOKS, SPACE})
    assert True in drawn
    assert False in drawn


async def test_what_may_not_be_shown_is_not_explored(with_new_items: Running, world: SmallWorld) -> None:
    filters = {"categories": ["Space", "Music"], "exclude_item_ids": [SPACE]}
    for user in world.users[:40]:
        assert not {BOOKS, SPACE} & set(ids(await with_new_items.ask(user.user_id, filters=filters)))


@pytest.mark.parametrize("algorithm", ["als", "content_based", "popularity"])
async def test_only_the_hybrid_explores(with_new_items: Running, world: SmallWorld, algorithm: str) -> None:
    for user in world.users[:20]:
        answer = await with_new_items.ask(user.user_id, 10, algorithm, explain=True)
        assert not list(explored(answer))


async def test_the_propensities_are_kept_with_the_list(with_new_items: Running, world: SmallWorld) -> None:
    answers = [await with_new_items.ask(user.user_id, explain=True) for user in world.users[:20]]
    lists = with_new_items.stores.lists
    by_id = [answer["recommendation_id"] for answer in answers]
    await with_new_items.serving.aclose()
    kept = await lists.find(by_id)
    for answer in answers:
        likely = kept[answer["recommendation_id"]].propensities
        assert likely is not None
        assert likely[:9] == [1.0] * 9
        assert likely[9] == (0.25 if list(explored(answer)) else 0.5)


async def test_an_item_that_was_shown_often_enough_is_no_longer_new(with_new_items: Running, world: SmallWorld) -> None:
    lists, now = with_new_items.stores.lists, with_new_items.stores.clock.now()
    counted = Impressions(
        lists, lambda: LiveRelease(_release_of(with_new_items)), with_new_items.catalogue, Explorer(0.05)
    )
    await counted.count()
    await lists.keep([KeptList(str(uuid4()), 1, None, "hybrid", [BOOKS], now) for _ in range(ENOUGH)])
    await counted.count()
    assert counted.explorer.counted.shown == {SPACE: 0}
    ground = LiveRelease(_release_of(with_new_items)).over(with_new_items.catalogue.view)
    assert ground.view.item_ids[counted.explorer.new_items(ground)].tolist() == [SPACE]


def _release_of(running: Running) -> Release:
    assert running.serving.release is not None
    return running.serving.release


def _case(release: Release, world: SmallWorld, *new: Item) -> Case:
    live = LiveRelease(release)
    person = Person(world.cold_user, 0, np.empty(0, np.int64), preferences={"Books": 1.0})
    history = crowd([person], release.item_ids, EventWeights()).histories
    ground = live.over(CatalogueArrays.of((*world.items, *new), 9))
    parts = {name: part[0] for name, part in release.models[Algorithm.HYBRID].parts(history).items()}
    return Case(ground, release, Algorithm.HYBRID, person, history, parts)


@pytest.mark.parametrize(("share", "n"), [(0.05, 10), (0.13, 20), (0.1, 10)])
def test_each_item_stands_in_the_list_as_often_as_its_propensity_says(
    release: Release, world: SmallWorld, share: float, n: int
) -> None:
    case = _case(release, world, *(Item(900 + number, f"New {number}", category="Books") for number in range(7)))
    allowed = np.ones(len(case.ground.view.item_ids), np.bool_)
    plain = rank(case, allowed, n)
    listed: Counter[int] = Counter()
    said: dict[int, float] = {}
    draws = 1500
    for seed in range(draws):
        made = explore(case, plain, allowed, Explorer(share), n=n, seed=str(seed))
        positions = made.ranking.positions.tolist()
        listed.update(positions)
        assert made.propensities is not None
        for position, propensity in zip(positions, made.propensities, strict=True):
            assert said.setdefault(position, propensity) == pytest.approx(propensity)
    for position, propensity in said.items():
        assert listed[position] / draws == pytest.approx(propensity, abs=4 * 0.5 / np.sqrt(draws))
    assert sum(said[position] for position in said.keys() - {*plain.positions.tolist()}) == pytest.approx(n * share)


def test_what_was_never_shown_comes_before_what_suits_better(release: Release, world: SmallWorld) -> None:
    books = [Item(900 + number, f"New {number}", category="Books") for number in range(25)]
    case = _case(release, world, *books, Item(990, "Something else", category="Space"))
    allowed = np.ones(len(case.ground.view.item_ids), np.bool_)
    plain = rank(case, allowed, 10)
    seen = Counted(np.array([book.item_id for book in books]), {book.item_id: 1 for book in books})

    def drawn(explorer: Explorer) -> set[int]:
        lists = (explore(case, plain, allowed, explorer, n=10, seed=str(seed)) for seed in range(200))
        return {int(case.ground.view.item_ids[made.ranking.positions[-1]]) for made in lists}

    assert 990 not in drawn(Explorer(0.1))
    assert 990 in drawn(Explorer(0.1, seen))


def test_an_item_that_the_release_has_come_to_know_is_new_until_it_was_shown(
    release: Release, world: SmallWorld
) -> None:
    case = _case(release, world)
    untouched, touched = world.untouched_item, world.interactions[0].item_id
    explorer = Explorer(0.1, Counted(np.empty(0, np.int64), {untouched: 3, touched: 3}))
    assert case.ground.view.item_ids[explorer.new_items(case.ground)].tolist() == [untouched]
    assert dataclasses.replace(explorer, counted=Counted(np.empty(0, np.int64), {})).new_items(case.ground).size == 0


async def test_what_is_like_the_disliked_is_not_explored(running: Running, world: SmallWorld) -> None:
    for number, item_id in enumerate(world.items_of(world.disliked_category)[:12]):
        like_it = dataclasses.replace(world.items[item_id - 1], item_id=820 + number)
        await running.stores.catalog.put(like_it)
    await running.catalogue.refresh()
    others = [list(explored(await running.ask(user.user_id, 40, explain=True))) for user in world.users[:5]]
    assert all(others)
    assert not list(explored(await running.ask(world.disliker, 40, explain=True)))


async def test_a_short_list_is_left_alone(with_new_items: Running, world: SmallWorld) -> None:
    for user in world.users[:40]:
        assert not list(explored(await with_new_items.ask(user.user_id, 9, explain=True)))
