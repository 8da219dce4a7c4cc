"""What a training does for the search: the whole catalogue, with the vectors of the release that has gone live."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import psycopg
import pytest

from data_generator.plan import Plan as World
from data_generator.seed.load import seed
from model_trainer.indexing import index_release
from recsys.adapters.clock import SystemClock
from recsys.adapters.elasticsearch import ElasticsearchConnection, ElasticsearchIndex
from recsys.content_index import Search
from recsys.content_vectors import directions_of
from recsys.release import Release
from recsys.settings import Settings
from recsys.testing.releases import small_release
from recsys.testing.worlds import small_world, training_data

pytestmark = pytest.mark.integration

ITEMS = 40


@pytest.fixture(scope="module")
def release() -> Release:
    found = small_release(training_data(small_world()))
    return replace(found, content_directions=directions_of(found.models))


@pytest.fixture
def server() -> Iterator[tuple[str, str]]:
    """A node and an alias; what was made under it goes afterwards."""
    url = os.environ.get("RECSTACK_TEST_ELASTICSEARCH_URL")
    if not url:
        pytest.skip("RECSTACK_TEST_ELASTICSEARCH_URL names no Elasticsearch for tests")
    alias = f"recstack-test-{secrets.token_hex(4)}"
    yield url, alias
    for name in indices(url, alias):
        httpx.delete(f"{url}/{name}", timeout=30).raise_for_status()


def indices(url: str, alias: str) -> list[str]:
    return sorted(httpx.get(f"{url}/{alias}.*", timeout=30).json())


def settings_of(database_url: str, url: str, alias: str) -> Settings:
    return Settings.model_validate(
        {
            "RECSTACK_DATABASE_URL": database_url,
            "RECSTACK_ELASTICSEARCH_URL": url,
            "RECSTACK_ELASTICSEARCH_INDEX": alias,
        }
    )


async def found(url: str, alias: str, words: str) -> list[int]:
    clock = SystemClock()
    async with ElasticsearchConnection(url, clock=clock, timeout_seconds=10) as connection:
        result = await ElasticsearchIndex(connection, clock, alias).search(Search(words))
        return [item_id for item_id, _ in result.hits]


def test_the_whole_catalogue_is_found_and_a_later_training_takes_its_place(
    database_url: str, server: tuple[str, str], release: Release, tmp_path: Path
) -> None:
    url, alias = server
    plan = World(users=20, items=ITEMS, interactions=200)
    seed(plan, database_url=database_url, state_dir=tmp_path, replace=False, report=lambda *_: None)
    settings = settings_of(database_url, url, alias)
    told = index_release(settings, SystemClock(), release)
    (first,) = indices(url, alias)
    assert told.startswith(f"{first}, up to revision ")
    assert httpx.get(f"{url}/{alias}/_count", timeout=30).json()["count"] == ITEMS
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE items SET title = 'Zanzibar dugout' WHERE item_id = 7")
    index_release(settings, SystemClock(), replace(release, version="20260301-000000-bbbb"))
    (second,) = indices(url, alias)
    assert first != second
    assert asyncio.run(found(url, alias, "zanzibar dugout")) == [7]


def test_a_release_stays_live_where_elasticsearch_is_away(release: Release, free_tcp_port: int) -> None:
    nobody = f"http://127.0.0.1:{free_tcp_port}"
    settings = settings_of("postgresql://recstack@127.0.0.1:1/recstack", nobody, "recstack-items")
    assert index_release(settings, SystemClock(), release).startswith("left to the API: Elasticsearch does not answer")
