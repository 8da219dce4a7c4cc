"""Full text and likeness: from the catalogue in memory and in PostgreSQL with a release beside it, and in a real
Elasticsearch where `RECSTACK_TEST_ELASTICSEARCH_URL` names one.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import httpx
import numpy as np
import pytest

from recommendation_api.catalog_index import CatalogContentIndex
from recommendation_api.catalogue import CatalogueMirror
from recsys.adapters import memory
from recsys.adapters.elasticsearch import ElasticsearchConnection, ElasticsearchIndex
from recsys.algorithms.base import Histories, ItemContent, TrainingData
from recsys.algorithms.content_based import ContentBased
from recsys.content_vectors import ContentVectors, content_directions
from recsys.domain import Algorithm, Item
from recsys.indexing import rebuild
from recsys.release import Release
from recsys.testing import contracts
from recsys.testing.clock import ManualClock
from recsys.testing.contracts import Database
from recsys.testing.contracts.content_index import ITEMS, Shop

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="session")
def release() -> Release:
    """What a training would make of `ITEMS`."""
    count = len(ITEMS)
    content = ItemContent(
        [item.title for item in ITEMS],
        [item.text for item in ITEMS],
        np.full(count, -1, np.int32),
        [],
        np.full(count, np.nan, np.float32),
    )
    item_ids = np.array([item.item_id for item in ITEMS], np.int64)
    histories = Histories.empty(0, count)
    model = ContentBased().fit(TrainingData(np.empty(0, np.int64), item_ids, histories, content, 0.0))
    return Release(
        "20260201-000000-aaaa",
        ManualClock().now(),
        np.empty(0, np.int64),
        item_ids,
        histories,
        {Algorithm.CONTENT_BASED: model},
        content_directions=content_directions(model.items),
    )


@dataclass(frozen=True)
class Node:
    """A real server, and the alias of an index that is ours."""

    url: str
    alias: str
    vectors: ContentVectors

    def connection(self, clock: ManualClock) -> ElasticsearchConnection:
        return ElasticsearchConnection(self.url, clock=clock, timeout_seconds=10)

    def build(self) -> None:
        asyncio.run(self._build())

    async def _build(self) -> None:
        clock = ManualClock()
        catalog = memory.MemoryCatalog(memory.MemoryDatabase(clock))
        for item in ITEMS:
            await catalog.put(item)
        async with self.connection(clock) as connection:
            await rebuild(catalog, ElasticsearchIndex(connection, clock, self.alias), self.vectors, grace_seconds=0)


@pytest.fixture(scope="session")
def node(release: Release) -> Iterator[Node]:
    url = os.environ.get("RECSTACK_TEST_ELASTICSEARCH_URL")
    if not url:
        pytest.skip("RECSTACK_TEST_ELASTICSEARCH_URL names no Elasticsearch for tests")
    vectors = ContentVectors.of(release)
    assert vectors
    found = Node(url, f"recstack-test-{secrets.token_hex(4)}", vectors)
    found.build()
    yield found
    for name in httpx.get(f"{url}/{found.alias}*", timeout=30).json():
        httpx.delete(f"{url}/{name}", timeout=30).raise_for_status()


class TestBesideTheCatalogue(contracts.ContentIndexContract):
    @pytest.fixture
    async def shop(self, database: Database, release: Release) -> AsyncIterator[Shop]:
        mirror = CatalogueMirror(database.catalog, poll_seconds=60)
        index = CatalogContentIndex(database.catalog, mirror, database.clock, lambda: release)

        async def put(item: Item) -> None:
            await database.catalog.put(item)
            await mirror.refresh()

        for item in ITEMS:
            await put(item)
        yield Shop(index, database.clock, put)
        await mirror.aclose()


@pytest.mark.integration
class TestElasticsearch(contracts.ContentIndexContract):
    @pytest.fixture
    async def shop(self, node: Node, clock: ManualClock) -> AsyncIterator[Shop]:
        revisions = itertools.count(1000)
        async with node.connection(clock) as connection:
            index = ElasticsearchIndex(connection, clock, node.alias)

            async def put(item: Item) -> None:
                (entries,) = node.vectors.entries([item], next(revisions))
                await index.put(entries, node.vectors.version)

            yield Shop(index, clock, put)
        if next(revisions) > 1000:
            await asyncio.to_thread(node.build)
