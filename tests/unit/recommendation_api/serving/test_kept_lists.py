from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

from recommendation_api.serving import kept_lists
from recommendation_api.serving.kept_lists import KeptLists
from recsys.adapters.memory import MemoryDatabase, MemoryRecommendationLog
from recsys.errors import Unavailable
from recsys.ports import KeptList
from recsys.testing.clock import ManualClock
from tests.unit.recommendation_api.serving.running import until

pytestmark = pytest.mark.anyio

RETENTION = timedelta(days=30)


class AwayLog:
    async def keep(self, _lists: Sequence[KeptList]) -> None:
        raise Unavailable("away", dependency="postgres")

    async def forget_before(self, _moment: object) -> int:
        raise Unavailable("away", dependency="postgres")


class CountingLog(MemoryRecommendationLog):
    def __init__(self, database: MemoryDatabase) -> None:
        super().__init__(database)
        self.batches: list[int] = []

    async def keep(self, lists: Sequence[KeptList]) -> None:
        self.batches.append(len(lists))
        await super().keep(lists)


def a_list(clock: ManualClock) -> KeptList:
    return KeptList(str(uuid4()), 1, "v1", "als", [1, 2, 3], clock.now())


def dropped() -> float:
    return REGISTRY.get_sample_value("recstack_lists_dropped_total") or 0


async def test_lists_are_written_together(database: MemoryDatabase, clock: ManualClock) -> None:
    log = CountingLog(database)
    kept = KeptLists(log, clock, RETENTION)
    kept.start()
    for _ in range(3):
        kept.offer(a_list(clock))
    await until(lambda: len(database.lists) == 3)
    await kept.aclose()
    assert log.batches == [3]


async def test_lists_still_waiting_are_written_at_the_end(database: MemoryDatabase, clock: ManualClock) -> None:
    kept = KeptLists(MemoryRecommendationLog(database), clock, RETENTION)
    for _ in range(1200):
        kept.offer(a_list(clock))
    await kept.aclose()
    assert len(database.lists) == 1200


async def test_what_does_not_fit_is_dropped_and_counted(
    database: MemoryDatabase, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_lists, "MAX_WAITING", 2)
    before = dropped()
    kept = KeptLists(MemoryRecommendationLog(database), clock, RETENTION)
    for _ in range(5):
        kept.offer(a_list(clock))
    await kept.aclose()
    assert (len(database.lists), dropped() - before) == (2, 3)


async def test_what_cannot_be_written_is_dropped_and_counted_and_the_writer_lives(clock: ManualClock) -> None:
    before = dropped()
    kept = KeptLists(AwayLog(), clock, RETENTION)  # type: ignore[arg-type]
    kept.start()
    for expected in (1, 2):
        kept.offer(a_list(clock))
        await until(lambda expected=expected: dropped() - before == expected)  # type: ignore[misc]
    await kept.aclose()


async def test_old_lists_are_forgotten(database: MemoryDatabase, clock: ManualClock) -> None:
    log = MemoryRecommendationLog(database)
    old = a_list(clock)
    await log.keep([old])
    clock.advance(RETENTION.total_seconds() + 1)
    young = a_list(clock)
    await log.keep([young])
    kept = KeptLists(log, clock, RETENTION)
    kept.start()
    await until(lambda: len(database.lists) == 1)
    await kept.aclose()
    assert list(database.lists) == [young.recommendation_id]
