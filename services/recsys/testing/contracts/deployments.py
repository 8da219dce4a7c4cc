"""`DeploymentLog`."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from recsys.domain import Deployment
from recsys.testing.contracts.database import Database

FIRST = Deployment("20260101-120000-aaaa", "publish", datetime(2026, 1, 1, 12, tzinfo=UTC), "the first release")
SECOND = replace(FIRST, version="20260102-120000-bbbb", live_from=FIRST.live_from + timedelta(days=1))


class DeploymentLogContract:
    async def test_before_the_first_there_is_none(self, database: Database) -> None:
        assert await database.deployments.latest() is None

    async def test_the_latest_is_the_last_appended(self, database: Database) -> None:
        await database.deployments.append(FIRST)
        assert await database.deployments.latest() == FIRST
        await database.deployments.append(SECOND)
        assert await database.deployments.latest() == SECOND

    async def test_a_repeat_of_the_latest_adds_nothing(self, database: Database) -> None:
        await database.deployments.append(FIRST)
        await database.deployments.append(replace(FIRST, action="promote", reason="seen by another worker"))
        assert await database.deployments.latest() == FIRST

    async def test_a_version_comes_back(self, database: Database) -> None:
        back = replace(FIRST, action="rollback", live_from=SECOND.live_from + timedelta(days=1), reason="worse")
        for deployment in (FIRST, SECOND, back):
            await database.deployments.append(deployment)
        assert await database.deployments.latest() == back

    async def test_the_newest_come_first_and_no_more_than_asked_for(self, database: Database) -> None:
        assert await database.deployments.newest(5) == []
        third = replace(SECOND, version="20260103-120000-cccc")
        for deployment in (FIRST, SECOND, third):
            await database.deployments.append(deployment)
        assert list(await database.deployments.newest(2)) == [third, SECOND]
        assert list(await database.deployments.newest(5)) == [third, SECOND, FIRST]

    async def test_workers_that_see_one_change_record_it_once(self, database: Database) -> None:
        seen = [replace(FIRST, reason=f"worker {number}") for number in range(6)]
        await asyncio.gather(*(database.deployments.append(deployment) for deployment in seen))
        first = await database.deployments.latest()
        assert first in seen
        await database.deployments.append(seen[0])
        assert await database.deployments.latest() == first
