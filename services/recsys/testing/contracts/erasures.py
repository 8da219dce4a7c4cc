"""`Erasures`."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from recsys.domain import MAX_ID, EventType, Interaction, Item, User
from recsys.errors import Erased, NotFound
from recsys.ports import Backlog, KeptList, Recorded
from recsys.testing.contracts.database import Database

STORES = {"redis", "releases", "mlflow"}


def list_of(database: Database, user_id: int) -> KeptList:
    return KeptList(str(uuid4()), user_id, None, "hybrid", [1], database.clock.now())


class ErasuresContract:
    @pytest.fixture
    async def somebody(self, database: Database) -> int:
        """Whose id stands in every table."""
        await database.catalog.put(Item(1, "Dune", category="Books"))
        user = User(0, age=30, external_id="crm-1", preferences={"Books": 1.0}, liked_item_ids=(1,))
        user_id = (await database.users.create(user)).user_id
        await database.interactions.record([database.event(user_id, 1), database.event(user_id, 1)])
        await database.lists.keep([list_of(database, user_id)])
        await database.hidden_items.hide(user_id, 1)
        return user_id

    async def test_everything_of_the_user_goes_and_the_receipt_counts_it(
        self, database: Database, somebody: int
    ) -> None:
        erasure = await database.erasures.erase(somebody)
        assert erasure.removed == {
            "hidden_items": 1,
            "interactions": 2,
            "recommendation_lists": 1,
            "user_liked_items": 1,
            "user_preferences": 1,
            "users": 1,
        }
        assert erasure.erased_at == database.clock.now()
        assert await database.users.get(somebody) is None
        assert await database.interactions.histories([somebody]) == {somebody: []}
        assert await database.personal_data.lists(somebody, None, 10) == []
        assert (await database.hidden_items.of([somebody]))[somebody] == []

    async def test_nobody_else_loses_anything(self, database: Database, somebody: int) -> None:
        other = await database.user()
        await database.interactions.record([database.event(other, 1)])
        await database.lists.keep([list_of(database, other)])
        await database.erasures.erase(somebody)
        assert len(await database.interactions.recent(other, 10)) == 1
        assert len(await database.personal_data.lists(other, None, 10)) == 1

    async def test_the_receipt_can_be_looked_up(self, database: Database, somebody: int) -> None:
        erasure = await database.erasures.erase(somebody)
        assert await database.erasures.find(erasure.receipt_id) == erasure
        assert await database.erasures.find(str(uuid4())) is None

    async def test_only_a_user_can_be_erased_and_once(self, database: Database, somebody: int) -> None:
        with pytest.raises(NotFound):
            await database.erasures.erase(MAX_ID)
        await database.erasures.erase(somebody)
        with pytest.raises(Erased):
            await database.erasures.erase(somebody)

    async def test_an_id_is_not_given_again(self, database: Database, somebody: int) -> None:
        await database.erasures.erase(somebody)
        assert await database.user() > somebody

    async def test_the_tombstones_are_hashes_of_both_ids(self, database: Database, somebody: int) -> None:
        await database.erasures.erase(somebody)
        found = await database.erasures.tombstones(0)
        assert found.hashes == {database.pseudonyms.user(somebody), database.pseudonyms.external("crm-1")}
        assert (await database.erasures.tombstones(found.revision)).hashes == frozenset()

    async def test_a_reader_of_tombstones_misses_none(self, database: Database) -> None:
        users = [await database.user() for _ in range(8)]
        seen: set[bytes] = set()
        revision = 0

        async def follow() -> None:
            nonlocal revision
            while len(seen) < len(users):
                found = await database.erasures.tombstones(revision)
                seen.update(found.hashes)
                revision = found.revision
                await asyncio.sleep(0)

        await asyncio.wait_for(asyncio.gather(follow(), *map(database.erasures.erase, users)), 10)
        assert seen == {database.pseudonyms.user(user_id) for user_id in users}

    async def test_a_list_that_comes_late_is_not_kept(self, database: Database, somebody: int) -> None:
        other = await database.user()
        await database.erasures.erase(somebody)
        await database.lists.keep([list_of(database, somebody), list_of(database, other)])
        assert await database.personal_data.lists(somebody, None, 10) == []
        assert len(await database.personal_data.lists(other, None, 10)) == 1

    async def test_nothing_that_is_written_meanwhile_is_left_behind(self, database: Database) -> None:
        """Events and lists of a user, from many writers, while the erasure runs."""
        await database.item(1)
        for _ in range(3):
            user_id = await database.user()
            outcomes: list[object] = []

            async def write(number: int, user_id: int = user_id, outcomes: list[object] = outcomes) -> None:
                at = database.clock.now() - timedelta(seconds=number)
                outcomes.extend(
                    await database.interactions.record([Interaction(str(uuid4()), user_id, 1, EventType.VIEW, at)])
                )
                await database.lists.keep([list_of(database, user_id)])

            before = [write(number) for number in range(6)]
            after = [write(number) for number in range(6, 12)]
            *_, erasure = (await asyncio.gather(*before, database.erasures.erase(user_id), *after))[:7]
            stored = sum(isinstance(outcome, Recorded) for outcome in outcomes)
            assert erasure is not None
            assert erasure.removed.get("interactions", 0) == stored
            assert await database.interactions.recent(user_id, 100) == []
            assert await database.personal_data.lists(user_id, None, 100) == []

    async def test_stores_follow_one_by_one(self, database: Database, somebody: int) -> None:
        first = await database.erasures.erase(somebody)
        assert first.done == dict.fromkeys(STORES)
        database.clock.advance(5)
        second = await database.erasures.erase(await database.user())
        assert await database.erasures.waiting("redis", 10) == [first.receipt_id, second.receipt_id]
        assert await database.erasures.waiting("redis", 1) == [first.receipt_id]
        await database.erasures.settle("redis", [first.receipt_id, str(uuid4())])
        assert await database.erasures.waiting("redis", 10) == [second.receipt_id]
        assert len(await database.erasures.waiting("mlflow", 10)) == 2
        settled = await database.erasures.find(first.receipt_id)
        assert settled is not None
        assert settled.done == {"redis": database.clock.now(), "releases": None, "mlflow": None}

    async def test_a_step_is_settled_once(self, database: Database, somebody: int) -> None:
        erasure = await database.erasures.erase(somebody)
        for _ in range(2):
            await database.erasures.settle("redis", [erasure.receipt_id])
            database.clock.advance(5)
        found = await database.erasures.find(erasure.receipt_id)
        assert found is not None
        assert found.done["redis"] == erasure.erased_at

    async def test_the_backlog_names_every_store(self, database: Database, somebody: int) -> None:
        assert await database.erasures.backlog() == dict.fromkeys(STORES, Backlog(0, None))
        erasure = await database.erasures.erase(somebody)
        database.clock.advance(5)
        await database.erasures.erase(await database.user())
        await database.erasures.settle("redis", [erasure.receipt_id])
        backlog = await database.erasures.backlog()
        assert backlog["mlflow"] == Backlog(2, erasure.erased_at)
        assert backlog["redis"] == Backlog(1, database.clock.now())
