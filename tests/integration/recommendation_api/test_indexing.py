"""A real Elasticsearch kept level with the catalogue: at once, through rebuilds and outages, without downtime."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import httpx
import pytest
from prometheus_client import REGISTRY

from recommendation_api.catalog_index import CatalogContentIndex
from recommendation_api.catalogue import CatalogueMirror
from recommendation_api.contents import ELASTICSEARCH, Contents
from recommendation_api.indexing import Indexing
from recsys.adapters import memory
from recsys.adapters.clock import SystemClock
from recsys.adapters.elasticsearch import ElasticsearchConnection, ElasticsearchIndex
from recsys.content_index import Search
from recsys.content_vectors import ContentVectors, directions_of
from recsys.domain import Item
from recsys.indexing import rebuild
from recsys.ports import CatalogueChange
from recsys.release import Release
from recsys.testing.gate import Gate
from recsys.testing.memory_world import memory_database
from recsys.testing.releases import small_release
from recsys.testing.worlds import small_world, training_data

pytestmark = [pytest.mark.anyio, pytest.mark.integration]

SECONDS = 20.0


@pytest.fixture(scope="module")
def release() -> Release:
    found = small_release(training_data(small_world()))
    return replace(found, content_directions=directions_of(found.models))


@dataclass(slots=True)
class World:
    """A catalogue, an index of it behind a gate, and the way in and out."""

    database: memory.MemoryDatabase
    catalog: memory.MemoryCatalog
    mirror: CatalogueMirror
    gate: Gate
    index: ElasticsearchIndex
    indexing: Indexing
    contents: Contents
    vectors: ContentVectors
    names: Callable[[], list[str]]
    """Of the indices that are ours."""
    live: Release

    async def put(self, item: Item) -> None:
        """As the route does."""
        await self.catalog.put(item)
        await self.mirror.refresh()
        await self.contents.put(item)

    async def found(self, words: str) -> tuple[list[int], tuple[str, ...]]:
        told = await self.contents.search(Search(words))
        return [item_id for item_id, _ in told.result.hits], told.degraded

    async def settled(self) -> None:
        """Everything is indexed, and Elasticsearch answers."""
        await until(self._is_level)

    async def answers(self) -> None:
        """Searches are told from Elasticsearch."""

        async def whole() -> bool:
            return not (await self.found("novel"))[1]

        await until(whole)

    async def _is_level(self) -> bool:
        try:
            state = await self.index.state()
        except Exception:  # noqa: BLE001 - not yet
            return False
        return state is not None and state.revision == self.database.revision and not self.indexing.is_behind


async def until(reached: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(SECONDS):
        while not await reached():  # noqa: ASYNC110 - a server has no event to wait for
            await asyncio.sleep(0.05)


@pytest.fixture
async def world(release: Release, free_tcp_port: int) -> AsyncIterator[World]:
    async with running(release, free_tcp_port) as found:
        yield found


@asynccontextmanager
async def running(release: Release, port: int) -> AsyncIterator[World]:
    url = os.environ.get("RECSTACK_TEST_ELASTICSEARCH_URL")
    if not url:
        pytest.skip("RECSTACK_TEST_ELASTICSEARCH_URL names no Elasticsearch for tests")
    alias, clock = f"recstack-test-{secrets.token_hex(4)}", SystemClock()
    database = memory_database(small_world(), clock)
    catalog = memory.MemoryCatalog(database)
    mirror = CatalogueMirror(catalog, poll_seconds=60)
    await mirror.start()
    vectors = ContentVectors.of(release)
    assert vectors
    connection = ElasticsearchConnection(f"http://127.0.0.1:{port}", clock=clock, timeout_seconds=1)
    async with Gate(port, urlsplit(url).port or 9200) as gate, connection:
        index = ElasticsearchIndex(connection, clock, alias)
        second = CatalogContentIndex(catalog, mirror, clock, lambda: found.live)
        indexing = Indexing(index, catalog, mirror, clock, lambda: found.live, every_seconds=0.1, patience_seconds=0.3)
        contents = Contents(index, second, indexing)

        def names() -> list[str]:
            return sorted(httpx.get(f"{url}/{alias}.*", timeout=30).json())

        found = World(database, catalog, mirror, gate, index, indexing, contents, vectors, names, release)
        try:
            yield found
        finally:
            await indexing.aclose()
            await mirror.aclose()
            await asyncio.to_thread(_delete, url, names())


def _delete(url: str, names: list[str]) -> None:
    for name in names:
        httpx.delete(f"{url}/{name}", timeout=30).raise_for_status()


def missed() -> float:
    return REGISTRY.get_sample_value("recstack_indexed_items_total", {"outcome": "missed"}) or 0.0


async def test_an_index_that_is_not_there_is_built_and_the_catalogue_answers_meanwhile(world: World) -> None:
    assert (await world.found("novel"))[1] == (ELASTICSEARCH,)
    world.indexing.start()
    await world.settled()
    ids, degraded = await world.found("novel")
    assert (bool(ids), degraded) == (True, ())
    near = await world.contents.similar(1, 5)
    assert (len(near.result), near.degraded) == (5, ())


async def test_what_is_put_is_found_at_once_and_survives_a_rebuild(world: World) -> None:
    await rebuild(world.catalog, world.index, world.vectors, grace_seconds=0)
    await world.put(Item(9001, "Zanzibar canoe", category="Boats"))
    assert await world.found("zanzibar") == ([9001], ())
    before = world.names()
    await rebuild(world.catalog, world.index, world.vectors, grace_seconds=0)
    assert await world.found("zanzibar") == ([9001], ())
    assert len(world.names()) == 1
    assert world.names() != before


async def test_puts_during_a_rebuild_are_in_the_old_index_and_in_the_new_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rebuild(world.catalog, world.index, world.vectors, grace_seconds=0)
    advance = ElasticsearchIndex.advance

    async def slow(index: ElasticsearchIndex, *arguments: object) -> None:
        """The last look at the catalogue is over, the new index is not yet asked."""
        monkeypatch.setattr(ElasticsearchIndex, "advance", advance)
        await world.put(Item(9002, "Zanzibar dugout"))
        assert await world.found("dugout") == ([9002], ())
        await advance(index, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(ElasticsearchIndex, "advance", slow)
    promote, seen = ElasticsearchIndex.promote, []

    async def promoted(index: ElasticsearchIndex, name: str) -> None:
        await promote(index, name)
        seen.append(await world.found("dugout"))

    monkeypatch.setattr(ElasticsearchIndex, "promote", promoted)
    await rebuild(world.catalog, world.index, world.vectors, grace_seconds=0)
    assert seen == [([9002], ())]
    assert await world.found("dugout") == ([9002], ())


async def test_searches_never_fail_while_indices_change_places(world: World) -> None:
    await rebuild(world.catalog, world.index, world.vectors, grace_seconds=0)
    asked: list[tuple[str, ...]] = []

    async def ask() -> None:
        while True:
            asked.append((await world.found("novel"))[1])

    asking = asyncio.create_task(ask())
    for _ in range(2):
        await rebuild(world.catalog, world.index, world.vectors, grace_seconds=0.2)
    asking.cancel()
    assert len(asked) > 20
    assert set(asked) == {()}


async def test_a_write_that_elasticsearch_misses_is_found_all_the_same_and_caught_up(world: World) -> None:
    world.indexing.start()
    await world.settled()
    before = missed()
    await world.gate.shut()
    await world.put(Item(9003, "Zanzibar schooner"))
    assert await world.found("schooner") == ([9003], (ELASTICSEARCH,))
    assert (await world.contents.similar(9003, 3)).degraded == (ELASTICSEARCH,)
    assert missed() == before + 1
    await world.gate.open()
    await world.settled()
    await world.answers()
    assert await world.found("schooner") == ([9003], ())


async def test_a_silent_elasticsearch_costs_one_asker_a_timeout_and_the_others_nothing(world: World) -> None:
    world.indexing.start()
    await world.settled()
    world.gate.fall_silent()
    assert (await world.found("novel"))[1] == (ELASTICSEARCH,)
    began = asyncio.get_running_loop().time()
    assert (await world.found("novel"))[1] == (ELASTICSEARCH,)
    assert asyncio.get_running_loop().time() - began < 0.5
    world.gate.speak()
    await world.answers()


async def test_another_release_has_the_index_built_anew_where_no_training_did_it(world: World) -> None:
    world.indexing.start()
    await world.settled()
    before = world.names()
    world.live = replace(world.live, version="20260301-000000-bbbb")

    async def is_of_the_release() -> bool:
        state = await world.index.state()
        return state is not None and state.release == world.live.version

    await until(is_of_the_release)
    assert before != world.names()
    await world.answers()
    assert (await world.contents.similar(1, 5)).degraded == ()


async def test_what_a_load_took_away_is_gone_from_the_index(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.indexing.start()
    await world.settled()
    database, changed_since = world.database, world.catalog.changed_since
    loaded = database.revision + 1

    async def after_a_load(revision: int) -> CatalogueChange:
        """As PostgreSQL answers whoever knows a revision from before."""
        is_late = revision < loaded
        return replace(await changed_since(0 if is_late else revision), whole=is_late)

    monkeypatch.setattr(world.catalog, "changed_since", after_a_load)
    database.items, database.revision = {1: (Item(1, "The only novel"), loaded)}, loaded
    await world.settled()
    await world.mirror.refresh()
    assert await world.found("novel") == ([1], ())


async def test_what_a_rebuild_left_behind_that_never_ended_is_pruned_when_it_is_old(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = await world.index.create(None, 0)
    await rebuild(world.catalog, world.index, world.vectors, grace_seconds=0)
    assert left in world.names()
    monkeypatch.setattr("recsys.adapters.elasticsearch.index.LEFT_BEHIND_SECONDS", -1.0)
    await world.index.prune()
    assert left not in world.names()
    assert len(world.names()) == 1
