"""`PersonalData`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from recsys.domain import EventType, Interaction
from recsys.ports import KeptList
from recsys.testing.contracts.database import Database


class PersonalDataContract:
    @pytest.fixture
    async def user_id(self, database: Database) -> int:
        await database.item(1)
        return await database.user()

    async def test_events_come_in_pages_that_leave_none_out(self, database: Database, user_id: int) -> None:
        """Many at one moment too, where the id alone tells them apart."""
        first = database.clock.now()
        events = [
            Interaction(f"{number:02}", user_id, 1, EventType.VIEW, first + timedelta(seconds=number // 4))
            for number in range(10)
        ]
        events[3] = replace(events[3], type=EventType.RATING, value=4.5, recommendation_id=str(uuid4()))
        other = await database.user()
        await database.interactions.record([*reversed(events), database.event(other, 1)])
        found: list[Interaction] = []
        while page := await database.personal_data.interactions(user_id, found[-1] if found else None, 3):
            assert len(page) <= 3
            found += page
        assert found == events

    async def test_lists_come_in_pages_that_leave_none_out(self, database: Database, user_id: int) -> None:
        ids = sorted(str(uuid4()) for _ in range(5))
        at = database.clock.now()
        lists = [
            KeptList(each, user_id, "r1", "hybrid", [3, 1], at + timedelta(seconds=number // 3))
            for number, each in enumerate(ids)
        ]
        await database.lists.keep([*reversed(lists), replace(lists[0], recommendation_id=str(uuid4()), user_id=99)])
        found: list[KeptList] = []
        while page := await database.personal_data.lists(user_id, found[-1] if found else None, 2):
            found += page
        assert found == lists

    async def test_of_somebody_unknown_there_is_nothing(self, database: Database) -> None:
        assert await database.personal_data.interactions(99, None, 10) == []
        assert await database.personal_data.lists(99, None, 10) == []
