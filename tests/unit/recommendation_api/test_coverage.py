"""How much of the catalogue is shown, measured by one worker at a time."""

from __future__ import annotations

import asyncio
import math
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

from recommendation_api import coverage as module
from recommendation_api.catalogue import CatalogueMirror
from recommendation_api.coverage import WINDOW, Coverage
from recsys.adapters.memory import MemoryDatabase, MemoryRecommendationLog
from recsys.errors import Unavailable
from recsys.ports import KeptList
from recsys.stores import Stores

pytestmark = pytest.mark.anyio


@pytest.fixture
async def catalogue(stores: Stores) -> CatalogueMirror:
    mirror = CatalogueMirror(stores.catalog, poll_seconds=60)
    await mirror.refresh()
    return mirror


def shown() -> float:
    return REGISTRY.get_sample_value("recstack_shown_items_coverage") or 0.0


async def until(reached: Any) -> None:
    async with asyncio.timeout(10):
        while not reached():  # noqa: ASYNC110 - a gauge has no event to wait for
            await asyncio.sleep(0.005)


async def keep(stores: Stores, *item_ids: int, age: timedelta = timedelta(0)) -> None:
    made = KeptList(str(uuid4()), 1, None, "als", list(item_ids), stores.clock.now() - age)
    await stores.lists.keep([made])


async def test_it_is_the_share_of_different_items_on_offer(
    stores: Stores, database: MemoryDatabase, catalogue: CatalogueMirror
) -> None:
    await keep(stores, 1, 2, 3)
    await keep(stores, 3, 4)
    await keep(stores, 5, age=WINDOW + timedelta(seconds=1))
    measured = await Coverage(stores.lists, catalogue, stores.clock).measure()
    assert measured == pytest.approx(4 / len(database.items))


async def test_without_items_there_is_no_figure(stores: Stores) -> None:
    empty = CatalogueMirror(stores.catalog, poll_seconds=60)
    assert math.isnan(await Coverage(stores.lists, empty, stores.clock).measure())


async def test_it_is_measured_again_and_again_and_unknown_while_the_lists_are(
    stores: Stores, database: MemoryDatabase, catalogue: CatalogueMirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EVERY_SECONDS", 0.005)
    await keep(stores, 1, 2)
    coverage = Coverage(stores.lists, catalogue, stores.clock)
    coverage.start()
    await until(lambda: shown() == pytest.approx(2 / len(database.items)))

    async def away(*_: object, **__: object) -> int:
        raise Unavailable("away", dependency="postgres")

    with monkeypatch.context() as outage:
        outage.setattr(MemoryRecommendationLog, "count_shown", away)
        await until(lambda: math.isnan(shown()))
    await until(lambda: shown() > 0)
    await coverage.aclose()


async def test_a_worker_measures_only_while_no_other_does(
    stores: Stores, catalogue: CatalogueMirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EVERY_SECONDS", 0.005)
    measured: list[Coverage] = []

    async def measure(self: Coverage) -> float:
        measured.append(self)
        return 0.5

    monkeypatch.setattr(Coverage, "measure", measure)
    first, second = (Coverage(stores.lists, catalogue, stores.clock, lock=tmp_path / "lock") for _ in range(2))
    first.start()
    await until(lambda: first in measured)
    second.start()
    await asyncio.sleep(0.05)
    assert second not in measured
    await first.aclose()
    await until(lambda: second in measured)
    await second.aclose()
