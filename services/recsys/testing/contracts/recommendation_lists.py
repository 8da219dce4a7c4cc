"""`RecommendationLog`."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from recsys.domain import MAX_ID, Item
from recsys.ports import KeptList
from recsys.testing.contracts.database import Database


def _list(database: Database, *, age_seconds: float = 0, recommendation_id: str | None = None) -> KeptList:
    generated_at = database.clock.now() - timedelta(seconds=age_seconds)
    return KeptList(
        recommendation_id or str(uuid4()), MAX_ID, "20260101-120000-ab12", "hybrid", [3, 1, 2], generated_at
    )


class RecommendationLogContract:
    async def test_lists_are_kept_until_they_are_old(self, database: Database) -> None:
        await database.lists.keep([_list(database, age_seconds=age) for age in (0, 59, 60, 61, 90)])
        limit = database.clock.now() - timedelta(seconds=60)
        assert await database.lists.forget_before(limit) == 2
        assert await database.lists.forget_before(limit) == 0
        assert await database.lists.forget_before(database.clock.now() + timedelta(days=1)) == 3

    async def test_a_list_is_kept_once(self, database: Database) -> None:
        kept = _list(database)
        await database.lists.keep([kept, kept])
        await database.lists.keep([kept])
        assert await database.lists.forget_before(database.clock.now() + timedelta(seconds=1)) == 1

    async def test_the_first_of_an_id_stands(self, database: Database) -> None:
        old = _list(database, age_seconds=100)
        await database.lists.keep([old])
        await database.lists.keep([_list(database, recommendation_id=old.recommendation_id)])
        assert await database.lists.forget_before(database.clock.now() - timedelta(seconds=50)) == 1

    async def test_nothing_to_keep_is_nothing(self, database: Database) -> None:
        await database.lists.keep([])
        assert await database.lists.forget_before(database.clock.now() + timedelta(days=1)) == 0

    async def test_a_list_may_be_empty_and_of_no_release(self, database: Database) -> None:
        await database.lists.keep([KeptList(str(uuid4()), 1, None, "popularity", [], database.clock.now())])
        assert await database.lists.forget_before(database.clock.now() + timedelta(seconds=1)) == 1

    async def test_kept_lists_are_found_as_they_were_made(self, database: Database) -> None:
        kept = [_list(database), _list(database, age_seconds=5)]
        await database.lists.keep(kept)
        wanted = [kept[1].recommendation_id, str(uuid4()), kept[0].recommendation_id]
        assert await database.lists.find(wanted) == {one.recommendation_id: one for one in kept}
        assert await database.lists.find([]) == {}

    async def test_the_part_of_chance_is_kept(self, database: Database) -> None:
        kept = replace(_list(database), propensities=[1.0, 0.5, 0.25])
        await database.lists.keep([kept])
        assert await database.lists.find([kept.recommendation_id]) == {kept.recommendation_id: kept}

    async def test_new_items_are_counted_from_when_they_are_new(self, database: Database) -> None:
        for item_id in (1, 2, 5):
            await database.catalog.put(Item(item_id, f"item {item_id}"))
        await database.lists.keep([_list(database)])
        assert await database.lists.impressions([1, 5, MAX_ID], below=3) == {1: 0, 5: 0}
        await database.lists.keep([_list(database), _list(database)])
        assert await database.lists.impressions([1, 2], below=3) == {1: 2, 2: 0, 5: 0}
        await database.lists.keep([_list(database)])
        assert await database.lists.impressions([], below=3) == {2: 1, 5: 0}

    async def test_lists_kept_at_once_wait_for_one_another(self, database: Database) -> None:
        for item_id in (1, 2, 3):
            await database.catalog.put(Item(item_id, f"item {item_id}"))
        await database.lists.impressions([1, 2, 3], below=1)
        backwards = [replace(_list(database), item_ids=[2, 3, 1]) for _ in range(5)]
        await asyncio.gather(*(database.lists.keep([one]) for one in [*backwards, _list(database)]))
        assert await database.lists.impressions([], below=9) == dict.fromkeys((1, 2, 3), 6)

    async def test_shown_are_the_different_items_on_offer_of_the_newest_lists(self, database: Database) -> None:
        now = database.clock.now()
        for item_id in (1, 2, 3, 4):
            until = now + timedelta(seconds=60) if item_id == 2 else None
            await database.catalog.put(Item(item_id, f"item {item_id}", available_until=until))
        ages = {0: [1, 2], 10: [2, 99], 20: [3], 30: [4], 1000: [4]}
        made = [(now - timedelta(seconds=age), item_ids) for age, item_ids in ages.items()]
        await database.lists.keep([KeptList(str(uuid4()), 1, None, "als", shown, at) for at, shown in made])

        async def shown(*, age: float, lists: int = 100, ahead: float = 0) -> int:
            since, at = now - timedelta(seconds=age), now + timedelta(seconds=ahead)
            return await database.lists.count_shown(since, at, lists=lists)

        assert await shown(age=20) == 3
        assert await shown(age=20, lists=2) == 2
        assert await shown(age=19) == 2
        assert await shown(age=30, ahead=60) == 3
        assert await shown(age=-1) == 0

    async def test_writers_at_once_share_lists(self, database: Database) -> None:
        lists = [_list(database) for _ in range(40)]
        await asyncio.gather(database.lists.keep(lists), database.lists.keep(lists[::-1]), database.lists.keep(lists))
        assert await database.lists.forget_before(database.clock.now() + timedelta(seconds=1)) == 40
