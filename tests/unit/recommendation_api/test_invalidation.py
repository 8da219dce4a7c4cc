from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pytest

from recommendation_api.catalogue import CatalogueMirror
from recommendation_api.invalidation import Invalidation
from recsys.adapters.memory import MemoryCatalog, MemoryDatabase, MemoryRecommendationCache
from recsys.errors import Unavailable
from recsys.stores import Stores
from recsys.testing.clock import ManualClock

from .conftest import sample

pytestmark = pytest.mark.anyio


class Cache(MemoryRecommendationCache):
    away = True

    async def invalidate(self, user_ids: Sequence[int]) -> None:
        if self.away:
            raise Unavailable("away", dependency="redis")
        await super().invalidate(user_ids)


class Catalog(MemoryCatalog):
    """Counts the touches that it is asked for, and can be away."""

    asked = 0
    away = False

    async def touch(self) -> None:
        self.asked += 1
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable("away", dependency="postgres")
        await super().touch()


@dataclass(slots=True)
class Worker:
    cache: Cache
    catalog: Catalog
    mirror: CatalogueMirror
    invalidation: Invalidation


@pytest.fixture
async def worker(stores: Stores, database: MemoryDatabase) -> Worker:
    """Its follower is not started."""
    cache, catalog = Cache(ManualClock()), Catalog(database)
    mirror = CatalogueMirror(catalog, poll_seconds=60)
    await mirror.refresh()
    return Worker(
        cache, catalog, mirror, Invalidation(replace(stores, cache=cache, catalog=catalog), mirror, pause_seconds=0.05)
    )


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - it depends on more than one task
            await asyncio.sleep(0.005)


async def test_a_cache_that_answers_is_all_that_is_needed(worker: Worker) -> None:
    worker.cache.away = False
    before = (await worker.cache.read(1, "key")).version
    worker.invalidation.start()
    await worker.invalidation.drop({1, 2})
    await asyncio.sleep(0.02)
    assert (await worker.cache.read(1, "key")).version != before
    await worker.invalidation.aclose()
    assert worker.catalog.asked == 0


async def test_a_cache_that_is_away_makes_every_list_old(worker: Worker) -> None:
    missed = sample("recstack_cache_writes_total", outcome="missed")
    before = worker.mirror.view.revision
    worker.invalidation.start()
    await worker.invalidation.drop({1, 2, 3})
    await until(lambda: worker.mirror.view.revision > before)
    assert sample("recstack_cache_writes_total", outcome="missed") == missed + 3
    await worker.invalidation.aclose()
    assert worker.catalog.asked == 1


async def test_many_events_are_one_move_and_the_last_of_them_is_covered(worker: Worker) -> None:
    worker.invalidation.start()
    await asyncio.gather(*(worker.invalidation.drop({user_id}) for user_id in range(1, 200)))
    await until(lambda: worker.catalog.asked == 1)
    await worker.invalidation.drop({200})
    await until(lambda: worker.catalog.asked == 2)
    await asyncio.sleep(0.1)
    assert worker.catalog.asked == 2
    await worker.invalidation.aclose()


async def test_a_storm_of_events_is_a_move_now_and_then(worker: Worker) -> None:
    worker.invalidation.start()
    for _ in range(100):
        await worker.invalidation.drop({1})
        await asyncio.sleep(0.002)
    await worker.invalidation.aclose()
    assert 2 <= worker.catalog.asked <= 20


async def test_a_move_that_fails_is_tried_until_it_succeeds(worker: Worker) -> None:
    failures = sample("recstack_background_errors_total", task="invalidation")
    before = worker.mirror.view.revision
    worker.catalog.away = True
    worker.invalidation.start()
    await worker.invalidation.drop({1})
    await until(lambda: worker.catalog.asked >= 3)
    assert sample("recstack_background_errors_total", task="invalidation") >= failures + 2
    assert worker.mirror.view.revision == before
    worker.catalog.away = False
    await until(lambda: worker.mirror.view.revision > before)
    await worker.invalidation.aclose()


async def test_what_was_missed_last_is_made_good_before_the_end(worker: Worker) -> None:
    before = worker.mirror.view.revision
    worker.invalidation.start()
    await worker.invalidation.drop({1})
    await worker.invalidation.aclose()
    assert worker.mirror.view.revision > before
