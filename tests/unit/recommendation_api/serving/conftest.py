"""A small world in memory, the release that was learned from it, and a serving layer over both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from recommendation_api.catalogue import CatalogueMirror
from recommendation_api.forgotten import Forgotten
from recommendation_api.serving import Serving
from recsys.adapters.memory import MemoryDatabase
from recsys.release import Release, write_release
from recsys.settings import Settings
from recsys.stores import Stores
from recsys.testing.clock import ManualClock
from recsys.testing.memory_world import memory_database, memory_stores
from recsys.testing.releases import small_release
from recsys.testing.worlds import END, SmallWorld, small_world, training_data
from tests.unit.recommendation_api.serving.running import Open, Running


@pytest.fixture(scope="session")
def world() -> SmallWorld:
    return small_world()


@pytest.fixture(scope="session")
def release(world: SmallWorld) -> Release:
    return small_release(training_data(world))


@pytest.fixture(scope="session")
def releases(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that it was written to; nobody changes it."""
    folder = tmp_path_factory.mktemp("releases")
    write_release(folder, release)
    return folder


@pytest.fixture
def settings(releases: Path) -> Settings:
    return Settings(RECSTACK_RELEASES_DIR=releases, RECSTACK_ALIAS_POLL_SECONDS=60)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(END)


@pytest.fixture
def database(world: SmallWorld, clock: ManualClock) -> MemoryDatabase:
    return memory_database(world, clock)


@pytest.fixture
def stores(database: MemoryDatabase, release: Release) -> Stores:
    return memory_stores(database, release.version)


@pytest.fixture
async def open_serving(settings: Settings) -> AsyncIterator[Open]:
    """Opens serving layers and closes them after the test."""
    opened: list[Running] = []

    async def open_one(stores: Stores) -> Running:
        catalogue = CatalogueMirror(stores.catalog, poll_seconds=60, rules=stores.rules)
        await catalogue.start()
        forgotten = Forgotten(stores.erasures, stores.pseudonyms, poll_seconds=60)
        await forgotten.refresh()
        opened.append(Running(await Serving.start(stores, catalogue, settings, forgotten), stores, catalogue))
        return opened[-1]

    yield open_one
    for running in opened:
        await running.serving.aclose()
        await running.catalogue.aclose()


@pytest.fixture
async def running(open_serving: Open, stores: Stores) -> Running:
    return await open_serving(stores)
