"""Cache, races and outages: what is served, what is stored, what is said."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY

from recommendation_api.serving import batcher
from recsys.adapters.memory import MemoryDatabase
from recsys.domain import EventType, Interaction, Item, User
from recsys.errors import InvalidInput, Unavailable
from recsys.ports import CacheEntry, CacheRead, InteractionLog, RecommendationCache
from recsys.stores import Stores
from recsys.testing.clock import ManualClock
from recsys.testing.worlds import SmallWorld
from tests.unit.recommendation_api.serving.running import Open, Running, ids

pytestmark = pytest.mark.anyio

LONG_GONE = Item(1, "Gone", category="Books", available_until=None)


class Gate:
    """An interaction log that can be held up before and after it reads, and counts its reads."""

    def __init__(self, log: InteractionLog) -> None:
        self._log = log
        self.reads: list[Sequence[int]] = []
        self.before, self.after = asyncio.Event(), asyncio.Event()
        self.before.set()
        self.after.set()

    async def histories(self, user_ids: Sequence[int]) -> Mapping[int, Sequence[Interaction]]:
        self.reads.append(user_ids)
        await self.before.wait()
        found = await self._log.histories(user_ids)
        await self.after.wait()
        return found

    async def record(self, interactions: Sequence[Interaction]) -> Sequence[object]:
        return await self._log.record(interactions)


class AwayLog:
    async def histories(self, _user_ids: Sequence[int]) -> Mapping[int, Sequence[Interaction]]:
        raise Unavailable("away", dependency="postgres")


class AwayUsers:
    async def get(self, _user_id: int) -> User | None:
        raise Unavailable("away", dependency="postgres")


class FlakyCache:
    """A cache that can be switched off."""

    def __init__(self, cache: RecommendationCache) -> None:
        self._cache = cache
        self.is_up = True
        self.stored: list[str] = []

    def read(self, user_id: int, key: str) -> Awaitable[CacheRead]:
        self._check()
        return self._cache.read(user_id, key)

    async def store(self, user_id: int, key: str, entry: CacheEntry) -> None:
        self._check()
        self.stored.append(key)
        await self._cache.store(user_id, key, entry)

    async def invalidate(self, user_ids: Sequence[int]) -> None:
        self._check()
        await self._cache.invalidate(user_ids)

    async def sweep(self, is_forgotten: Callable[[int], bool]) -> int:
        self._check()
        return await self._cache.sweep(is_forgotten)

    def _check(self) -> None:
        if not self.is_up:
            raise Unavailable("away", dependency="redis")


async def gated(open_serving: Open, stores: Stores) -> tuple[Running, Gate]:
    gate = Gate(stores.interactions)
    return await open_serving(replace(stores, interactions=gate)), gate  # type: ignore[arg-type]


async def settled() -> None:
    """Let every task go as far as it can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_the_second_answer_is_the_first_one_from_the_cache(running: Running, clock: ManualClock) -> None:
    first = await running.ask(1)
    clock.advance(60)
    second = await running.ask(1)
    assert (first["cached"], second["cached"]) == (False, True)
    assert {**second, "cached": False} == first


async def test_a_cached_answer_ends_with_its_time_to_live(running: Running, clock: ManualClock) -> None:
    first = await running.ask(1)
    clock.advance(3601)
    second = await running.ask(1)
    assert not second["cached"]
    assert second["recommendation_id"] != first["recommendation_id"]


async def test_a_cached_answer_ends_when_an_item_of_it_does(
    open_serving: Open, stores: Stores, database: MemoryDatabase, clock: ManualClock
) -> None:
    running = await open_serving(stores)
    first = ids(await running.ask(1))[0]
    item, _ = database.items[first]
    await running.stores.catalog.put(replace(item, available_until=clock.now() + timedelta(seconds=60)))
    await running.catalogue.refresh()
    assert first in ids(await running.ask(1))
    assert (await running.ask(1))["cached"]
    clock.advance(60)
    answer = await running.ask(1)
    assert not answer["cached"]
    assert first not in ids(answer)


async def test_a_short_list_ends_when_another_item_goes_on_offer(
    open_serving: Open, stores: Stores, clock: ManualClock
) -> None:
    running = await open_serving(stores)
    await stores.catalog.put(
        Item(500, "Soon here", category="Lamps", available_from=clock.now() + timedelta(seconds=60))
    )
    await running.catalogue.refresh()
    only_lamps: dict[str, Any] = {"filters": {"categories": ["Lamps"]}}
    assert ids(await running.ask(1, **only_lamps)) == []
    assert (await running.ask(1, **only_lamps))["cached"]
    clock.advance(60)
    assert ids(await running.ask(1, **only_lamps)) == [500]


async def test_a_change_of_the_catalogue_ends_every_cached_answer(running: Running) -> None:
    await running.ask(1)
    await running.stores.catalog.put(Item(500, "New", category="Books"))
    await running.catalogue.refresh()
    assert not (await running.ask(1))["cached"]


async def test_use_cache_false_neither_reads_nor_stores(running: Running) -> None:
    await running.ask(1, use_cache=False)
    assert not (await running.ask(1))["cached"]
    assert not (await running.ask(1, use_cache=False))["cached"]
    assert (await running.ask(1))["cached"]


async def test_an_event_changes_the_very_next_answer(running: Running) -> None:
    first = await running.ask(1)
    await running.record(1, ids(first)[0])
    second = await running.ask(1)
    assert not second["cached"]
    assert ids(first)[0] not in ids(second)


async def test_an_event_during_the_computation_makes_its_list_stale_for_everybody_afterwards(
    open_serving: Open, stores: Stores
) -> None:
    """The history is read, then the event comes, then the list is stored: nobody may get it after the event."""
    running, gate = await gated(open_serving, stores)
    item = ids(await running.ask(1, use_cache=False))[0]
    gate.after.clear()
    early = asyncio.create_task(running.ask(1))
    await settled()
    await running.record(1, item)
    late = asyncio.create_task(running.ask(1))
    await settled()
    gate.after.set()
    assert item in ids(await early)
    assert item not in ids(await late)
    again = await running.ask(1)
    assert again["cached"]
    assert item not in ids(again)


async def test_a_list_is_no_newer_than_the_histories_that_it_was_computed_from(
    open_serving: Open, stores: Stores
) -> None:
    """Another worker stored the event and could only say so by moving the catalogue's revision."""
    running, gate = await gated(open_serving, stores)
    liked = ids(await running.ask(1, use_cache=False))[0]
    gate.after.clear()
    asking = asyncio.create_task(running.ask(1))
    await settled()
    event = Interaction("elsewhere", 1, liked, EventType.LIKE, running.stores.clock.now())
    await running.stores.interactions.record([event])
    await running.stores.catalog.touch()
    await running.catalogue.refresh()
    gate.after.set()
    assert liked in ids(await asking)
    assert liked not in ids(await running.ask(1))


async def test_equal_questions_at_once_are_computed_once(open_serving: Open, stores: Stores) -> None:
    running, gate = await gated(open_serving, stores)
    answers = await asyncio.gather(*(running.ask(1) for _ in range(10)))
    assert len({answer["recommendation_id"] for answer in answers}) == 1
    assert [list(read) for read in gate.reads] == [[1]]


async def test_whoever_waits_while_a_batch_is_computed_forms_the_next(open_serving: Open, stores: Stores) -> None:
    running, gate = await gated(open_serving, stores)
    gate.before.clear()
    first = [asyncio.create_task(running.ask(user_id, use_cache=False)) for user_id in (1, 2)]
    await settled()
    rest = [asyncio.create_task(running.ask(user_id, use_cache=False)) for user_id in range(3, 23)]
    await settled()
    gate.before.set()
    answers = await asyncio.gather(*first, *rest)
    assert [answer["user_id"] for answer in answers] == list(range(1, 23))
    assert len(gate.reads) < 6
    assert sorted(user_id for read in gate.reads for user_id in read) == list(range(1, 23))


async def test_too_many_waiting_are_refused_at_once(
    open_serving: Open, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batcher, "MAX_WAITING", 2)
    running, gate = await gated(open_serving, stores)
    gate.before.clear()
    asked = [asyncio.create_task(running.ask(user_id, use_cache=False)) for user_id in range(1, 30)]
    await settled()
    gate.before.set()
    results = await asyncio.gather(*asked, return_exceptions=True)
    refused = [result for result in results if isinstance(result, Unavailable)]
    assert refused
    assert len(refused) < len(results)
    assert all(isinstance(result, dict) for result in results if not isinstance(result, Unavailable))


async def test_one_question_that_cannot_be_computed_does_not_take_the_others_with_it(
    open_serving: Open, stores: Stores, database: MemoryDatabase
) -> None:
    """A damaged row: its user's answer fails, the others of the batch do not."""
    event = next(event for event in database.events.values() if event.user_id == 2)
    database.events[event.event_id] = replace(event, type="no such type")  # type: ignore[arg-type]
    running, gate = await gated(open_serving, stores)
    gate.before.clear()
    asked = [asyncio.create_task(running.ask(user_id, use_cache=False)) for user_id in (9, 10, 1, 2, 3)]
    await settled()
    gate.before.set()
    results = await asyncio.gather(*asked, return_exceptions=True)
    assert [isinstance(result, dict) for result in results] == [True, True, True, False, True]


async def test_postgres_away_answers_from_the_release_and_says_so(
    open_serving: Open, stores: Stores, world: SmallWorld
) -> None:
    cache = FlakyCache(stores.cache)
    away = replace(stores, interactions=AwayLog(), users=AwayUsers(), cache=cache)  # type: ignore[arg-type]
    running = await open_serving(away)
    answer = await running.ask(1, explain=True)
    assert answer["degraded"] == ["postgres"]
    assert len(ids(answer)) == 10
    assert not set(ids(answer)) & world.touched_by(1)
    stranger = await running.ask(10_000)
    assert (stranger["cold_start"], stranger["degraded"], len(ids(stranger))) == (True, ["postgres"], 10)
    assert cache.stored == []


async def test_the_release_alone_knows_what_the_log_knows(open_serving: Open, stores: Stores) -> None:
    """Nothing happened since the training: an outage changes no list."""
    away = replace(stores, interactions=AwayLog(), users=AwayUsers())  # type: ignore[arg-type]
    with_log, without = await open_serving(stores), await open_serving(away)
    for user_id in (1, 20, 60, 110):
        assert ids(await without.ask(user_id)) == ids(await with_log.ask(user_id))


async def test_answers_are_counted_by_algorithm_by_cold_start_and_by_what_they_went_without(
    open_serving: Open, stores: Stores
) -> None:
    away = replace(stores, interactions=AwayLog(), users=AwayUsers())  # type: ignore[arg-type]
    healthy, degraded = await open_serving(stores), await open_serving(away)
    before = counted()
    await asyncio.gather(*(healthy.ask(1) for _ in range(3)), *(degraded.ask(10_000) for _ in range(2)))
    await healthy.ask(1)
    after = counted()
    assert [now - then for now, then in zip(after, before, strict=True)] == [4, 2, 2]


def counted() -> list[float]:
    """Warm answers, cold answers, answers without PostgreSQL."""
    samples = [("recommendations", {"algorithm": "hybrid", "cold_start": cold}) for cold in ("false", "true")]
    samples.append(("degraded_answers", {"dependency": "postgres"}))
    return [REGISTRY.get_sample_value(f"recstack_{name}_total", labels) or 0 for name, labels in samples]


async def test_redis_away_computes_and_says_so(open_serving: Open, stores: Stores) -> None:
    cache = FlakyCache(stores.cache)
    running = await open_serving(replace(stores, cache=cache))
    healthy = await running.ask(1)
    cache.is_up = False
    answer = await running.ask(1)
    assert (answer["cached"], answer["degraded"]) == (False, ["redis"])
    assert ids(answer) == ids(healthy)
    cache.is_up = True
    assert (await running.ask(1))["degraded"] == []


async def test_a_computed_list_is_kept_under_its_id(running: Running, database: MemoryDatabase) -> None:
    answer = await running.ask(1)
    await running.serving.aclose()
    kept = database.lists[answer["recommendation_id"]]
    assert (kept.user_id, kept.release, kept.algorithm) == (1, answer["release"], "hybrid")
    assert kept.item_ids == ids(answer)


async def test_an_unknown_category_is_named(running: Running) -> None:
    filters = {"categories": ["Books", "Boks"], "exclude_categories": ["Toyz"]}
    with pytest.raises(InvalidInput) as refused:
        await running.ask(1, filters=filters)
    assert [problem.field for problem in refused.value.fields] == ["filters.categories", "filters.exclude_categories"]


async def test_an_algorithm_that_the_release_lacks_is_refused_naming_those_it_holds(running: Running) -> None:
    with pytest.raises(InvalidInput, match="hybrid") as refused:
        await running.ask(1, algorithm="ncf")
    assert [problem.field for problem in refused.value.fields] == ["algorithm"]


async def test_a_page_token_of_another_user_is_refused(running: Running) -> None:
    token = (await running.ask(1))["next_page_token"]
    with pytest.raises(InvalidInput) as refused:
        await running.ask(2, page_token=token)
    assert [problem.field for problem in refused.value.fields] == ["page_token"]


async def test_the_next_page_goes_on_after_an_event_without_a_repeat(running: Running) -> None:
    first = await running.ask(1)
    await running.record(1, 70)
    second = await running.ask(1, page_token=first["next_page_token"])
    assert len(ids(second)) == 10
    assert not set(ids(first)) & set(ids(second))
    assert second["recommendations"][0]["score"] <= first["recommendations"][-1]["score"]
