"""`HiddenItems`."""

from __future__ import annotations

import asyncio

import pytest

from recsys.domain import MAX_ID, HiddenItem
from recsys.errors import Conflict, NotFound
from recsys.testing.contracts.database import Database


class HiddenItemsContract:
    @pytest.fixture
    async def user_id(self, database: Database) -> int:
        for item_id in (1, 2, 3):
            await database.item(item_id)
        return await database.user()

    async def test_what_is_hidden_comes_back_oldest_first(self, database: Database, user_id: int) -> None:
        first = database.clock.now()
        assert await database.hidden_items.hide(user_id, 3)
        database.clock.advance(1)
        assert await database.hidden_items.hide(user_id, 1)
        other = await database.user()
        assert await database.hidden_items.hide(other, 2)
        hidden = [HiddenItem(3, first), HiddenItem(1, database.clock.now())]
        assert await database.hidden_items.of([user_id, MAX_ID]) == {user_id: hidden, MAX_ID: []}
        assert await database.hidden_items.of([]) == {}

    async def test_hiding_twice_is_hiding_once(self, database: Database, user_id: int) -> None:
        first = database.clock.now()
        await database.hidden_items.hide(user_id, 1)
        database.clock.advance(1)
        assert not await database.hidden_items.hide(user_id, 1)
        assert await database.hidden_items.of([user_id]) == {user_id: [HiddenItem(1, first)]}

    async def test_what_is_shown_again_is_no_longer_hidden(self, database: Database, user_id: int) -> None:
        await database.hidden_items.hide(user_id, 1)
        assert await database.hidden_items.show(user_id, 1)
        assert not await database.hidden_items.show(user_id, 1)
        assert await database.hidden_items.of([user_id]) == {user_id: []}

    async def test_only_users_hide_and_only_items(self, database: Database, user_id: int) -> None:
        for call in (database.hidden_items.hide, database.hidden_items.show):
            with pytest.raises(NotFound) as refused:
                await call(MAX_ID, 1)
            assert [problem.field for problem in refused.value.fields] == ["user_id"]
            with pytest.raises(NotFound) as refused:
                await call(user_id, 99)
            assert [problem.field for problem in refused.value.fields] == ["item_id"]

    async def test_one_item_hidden_by_many_calls_at_once_is_hidden_once(self, database: Database, user_id: int) -> None:
        results = await asyncio.gather(*(database.hidden_items.hide(user_id, 2) for _ in range(5)))
        assert sorted(results) == [False] * 4 + [True]

    async def test_a_user_hides_a_bounded_number(
        self, database: Database, user_id: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for adapter in ("memory_hidden_items", "postgres.hidden_items"):
            monkeypatch.setattr(f"recsys.adapters.{adapter}.MAX_HIDDEN", 2)
        for item_id in (1, 2):
            await database.hidden_items.hide(user_id, item_id)
        with pytest.raises(Conflict):
            await database.hidden_items.hide(user_id, 3)
        assert not await database.hidden_items.hide(user_id, 2)

    async def test_who_is_erased_hides_nothing(self, database: Database, user_id: int) -> None:
        await database.hidden_items.hide(user_id, 1)
        erasure = await database.erasures.erase(user_id)
        assert erasure.removed["hidden_items"] == 1
        assert await database.hidden_items.of([user_id]) == {user_id: []}
