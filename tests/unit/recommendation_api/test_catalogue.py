from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from recommendation_api.catalogue import CatalogueMirror
from recommendation_api.following import RevisionHint
from recsys.adapters.memory import MemoryCatalog, MemoryDatabase
from recsys.domain import Item
from recsys.errors import Unavailable
from recsys.ports import CatalogueChange
from recsys.testing.clock import ManualClock
from recsys.testing.releases import small_release
from recsys.testing.worlds import small_world, training_data

from .conftest import sample

pytestmark = pytest.mark.anyio


class Counted(MemoryCatalog):
    """Counts reads, takes its time over them, and can be away or broken."""

    reads = 0
    error: Exception | None = None

    async def changed_since(self, revision: int) -> CatalogueChange:
        self.reads += 1
        change = await super().changed_since(revision)
        await asyncio.sleep(0.01)
        if self.error:
            raise self.error
        return change


@pytest.fixture
async def catalog() -> Counted:
    catalog = Counted(MemoryDatabase(ManualClock()))
    await catalog.put(Item(1, "one", category="books"))
    return catalog


@asynccontextmanager
async def following(
    catalog: Counted, seconds: float = 60, hint: RevisionHint | None = None
) -> AsyncIterator[CatalogueMirror]:
    mirror = CatalogueMirror(catalog, poll_seconds=seconds, hint=hint)
    await mirror.start()
    try:
        yield mirror
    finally:
        await mirror.aclose()


async def eventually(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not is_so():  # noqa: ASYNC110 - what is awaited has no event to give
            await asyncio.sleep(0.005)


async def test_it_starts_with_everything(catalog: Counted) -> None:
    async with following(catalog) as mirror:
        assert mirror.is_loaded
        assert mirror.view.item_ids.tolist() == [1]
        assert mirror.view.revision == 1


async def test_it_follows_what_others_write(catalog: Counted) -> None:
    async with following(catalog, seconds=0.01) as mirror:
        await catalog.put(Item(2, "two"))
        await eventually(lambda: mirror.view.revision == 2)
        assert list(mirror.view.titles) == ["one", "two"]


async def test_an_own_write_is_there_when_it_is_acknowledged(catalog: Counted) -> None:
    async with following(catalog) as mirror:
        before = mirror.view
        await catalog.put(Item(1, "another title"))
        await mirror.announce()
        assert list(mirror.view.titles) == ["another title"]
        assert list(before.titles) == ["one"]


async def test_a_crowd_of_writers_shares_the_reads(catalog: Counted) -> None:
    async with following(catalog) as mirror:
        before = catalog.reads

        async def write(item_id: int) -> None:
            await catalog.put(Item(item_id, "new"))
            await mirror.refresh()
            assert mirror.view.position(item_id) is not None

        await asyncio.gather(*(write(item_id) for item_id in range(100, 150)))
        assert catalog.reads - before <= 2


async def test_another_workers_hint_is_taken_long_before_the_next_poll(catalog: Counted, tmp_path: Path) -> None:
    file = tmp_path / "catalogue"
    async with (
        following(catalog, hint=RevisionHint(file)) as writer,
        following(catalog, hint=RevisionHint(file)) as reader,
    ):
        await catalog.put(Item(2, "two"))
        await writer.announce()
        await eventually(lambda: reader.view.position(2) is not None)


async def test_it_starts_empty_while_postgres_is_away_and_goes_on_trying(catalog: Counted) -> None:
    catalog.error = Unavailable("away", dependency="postgres")
    failures = sample("recstack_background_errors_total", task="catalogue")
    async with following(catalog, seconds=0.01) as mirror:
        assert not mirror.is_loaded
        assert len(mirror.view) == 0
        assert sample("recstack_background_errors_total", task="catalogue") > failures
        catalog.error = None
        await eventually(lambda: mirror.is_loaded)
        assert mirror.view.item_ids.tolist() == [1]


async def test_no_error_ends_the_following(catalog: Counted) -> None:
    async with following(catalog, seconds=0.01) as mirror:
        catalog.error = RuntimeError("unexpected")
        reads = catalog.reads
        await eventually(lambda: catalog.reads > reads + 2)
        catalog.error = None
        await catalog.put(Item(2, "two"))
        await eventually(lambda: mirror.view.revision == 2)


async def test_a_write_is_acknowledged_even_if_it_cannot_be_read_back(catalog: Counted) -> None:
    async with following(catalog) as mirror:
        catalog.error = Unavailable("away", dependency="postgres")
        await mirror.announce()
        with pytest.raises(Unavailable):
            await mirror.refresh()


async def test_a_load_that_replaced_everything_replaces_the_view(catalog: Counted) -> None:
    class Reloaded(Counted):
        async def changed_since(self, revision: int) -> CatalogueChange:
            return CatalogueChange([Item(9, "nine")], revision + 1, whole=True)

    async with following(catalog) as mirror:
        mirror._catalog = Reloaded(MemoryDatabase(ManualClock()))
        await mirror.refresh()
        assert mirror.view.item_ids.tolist() == [9]


async def test_until_postgres_answers_the_release_brings_the_catalogue(catalog: Counted) -> None:
    release = small_release(training_data(small_world()))
    catalog.error = Unavailable("away", dependency="postgres")
    async with following(catalog, seconds=60) as mirror:
        assert not mirror.can_serve
        mirror.stand_in(release)
        assert mirror.can_serve
        assert not mirror.is_loaded
        assert mirror.view.item_ids.tolist() == release.item_ids.tolist()
        assert mirror.view.category_of(0) == small_world().items[0].category
        catalog.error = None
        await mirror.refresh()
        assert mirror.view.item_ids.tolist() == [1]
        mirror.stand_in(release)
        assert mirror.view.item_ids.tolist() == [1]
