"""Rungs of the ladder between the personal list and what is popular: the session's texts, and people alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recommendation_api.catalogue_arrays import CatalogueArrays
from recommendation_api.serving import taste
from recommendation_api.serving.live import LiveRelease
from recommendation_api.serving.people import Person, crowd
from recommendation_api.serving.ranking import Case, rank
from recsys.demographics import DemographicPrior
from recsys.domain import Algorithm, EventType, Item, User
from recsys.release import Release
from recsys.settings import EventWeights
from recsys.testing.worlds import SmallWorld
from tests.unit.recommendation_api.serving.running import Running, categories

pytestmark = pytest.mark.anyio

NEW = 750


@pytest.fixture
async def with_new_item(running: Running, world: SmallWorld) -> Item:
    known = world.items[world.items_of("Space")[3] - 1]
    new = replace(known, item_id=NEW, category="Lamps")
    await running.stores.catalog.put(new)
    await running.catalogue.refresh()
    return new


@pytest.mark.parametrize("algorithm", ["hybrid", "als", "item_based"])
async def test_who_touched_only_what_is_newer_than_the_release_gets_what_reads_like_it(
    running: Running, with_new_item: Item, algorithm: str
) -> None:
    user_id = (await running.stores.users.create(User(0))).user_id
    await running.record(user_id, with_new_item.item_id)
    answer = await running.ask(user_id, 5, algorithm, explain=True)
    assert not answer["cold_start"]
    assert categories(answer) == ["Space"] * 5
    assert {entry["reason"] for entry in answer["recommendations"]} == {"Similar to what you looked at"}
    for entry in answer["recommendations"]:
        assert sum(part["share"] for part in entry["explanation"]["parts"]) == pytest.approx(entry["score"])


async def test_a_dislike_leads_to_nothing_like_it(running: Running, with_new_item: Item) -> None:
    user_id = (await running.stores.users.create(User(0))).user_id
    await running.record(user_id, with_new_item.item_id, EventType.DISLIKE)
    answer = await running.ask(user_id, 5)
    assert {entry["reason"] for entry in answer["recommendations"]} == {"Popular with everyone"}


async def test_below_what_reads_alike_come_popular_items_of_its_category(
    running: Running, with_new_item: Item, world: SmallWorld
) -> None:
    user_id = (await running.stores.users.create(User(0))).user_id
    beside = replace(world.items[world.items_of("Garden")[0] - 1], item_id=NEW + 1, title="Zzz", description=None)
    await running.stores.catalog.put(replace(beside, tags=(), brand=None))
    await running.catalogue.refresh()
    await running.record(user_id, NEW + 1)
    answer = await running.ask(user_id, 5)
    assert set(categories(answer)) == {"Garden"}


def _prior(world: SmallWorld, group: str, category: str, lift: float) -> DemographicPrior:
    lifts = [lift if name == category else 0.9 for name in world.categories]
    return DemographicPrior(list(world.categories), {"age": {group: lifts}})


def _case(release: Release, world: SmallWorld, person: Person) -> Case:
    live = LiveRelease(replace(release, demographics=_prior(world, "18-24", "Music", 3.0)))
    history = crowd([person], release.item_ids, EventWeights()).histories
    parts = {name: part[0] for name, part in release.models[Algorithm.HYBRID].parts(history).items()}
    return Case(live.over(CatalogueArrays.of(world.items, 9)), live.release, Algorithm.HYBRID, person, history, parts)


def _listed(case: Case, n: int = 20) -> list[str]:
    view = case.ground.view
    ranking = rank(case, np.ones(len(view.item_ids), np.bool_), n)
    return [view.category_names[view.category[position]] for position in ranking.positions]


def _nobody(**more: object) -> Person:
    return Person(0, 0, np.empty(0, np.int64), **more)  # type: ignore[arg-type]


def test_the_first_list_of_somebody_young_leans_to_what_the_young_like(release: Release, world: SmallWorld) -> None:
    plain = _listed(_case(release, world, _nobody()))
    young = _listed(_case(release, world, _nobody(groups={"age": "18-24"})))
    old = _listed(_case(release, world, _nobody(groups={"age": "65+"})))
    assert young.count("Music") > plain.count("Music")
    assert old == plain


def test_what_was_stated_is_never_outdone_by_a_first_guess(release: Release, world: SmallWorld) -> None:
    person = _nobody(preferences={"Space": 0.1})
    plain = _case(release, world, person)
    young = _case(release, world, replace(person, groups={"age": "18-24"}))
    touched = int(
        (plain.ground.touched & (plain.ground.view.category == plain.ground.view.category_codes["Space"])).sum()
    )
    assert _listed(young, touched) == _listed(plain, touched) == ["Space"] * touched
    assert _listed(young, touched + 10).count("Music") > _listed(plain, touched + 10).count("Music")


def test_a_first_guess_fades_with_the_events(release: Release, world: SmallWorld) -> None:
    strengths = []
    for n_events in range(7):
        person = replace(_nobody(groups={"age": "18-24"}), n_events=n_events)
        case = _case(release, world, person)
        lean = taste.leaning(case.ground.view, case.release, person)
        strengths.append(0.0 if lean is None else float(lean.max()))
    assert strengths == sorted(strengths, reverse=True)
    assert strengths[0] == pytest.approx(np.log(3))
    assert strengths[5:] == [0.0, 0.0]
