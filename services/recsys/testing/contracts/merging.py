"""`Users`: what becomes of a guest's events at sign-up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

import pytest

from recsys.domain import GUEST, GuestHistory, Interaction, User
from recsys.errors import Conflict, Erased, InvalidInput, NotFound
from recsys.testing.contracts.database import Database


def _history(name: str, events: Sequence[Interaction] | None) -> GuestHistory:
    return GuestHistory(sha256(name.encode()).digest(), events)


def _same(user: User) -> User:
    return user


class MergingContract:
    @pytest.fixture
    async def events(self, database: Database) -> list[Interaction]:
        """A guest's, on two items."""
        for item_id in (1, 2):
            await database.item(item_id)
        return [database.event(GUEST, item_id, f"e{item_id}") for item_id in (1, 2)]

    async def _ids(self, database: Database, user_id: int) -> list[str]:
        return sorted(event.event_id for event in (await database.interactions.histories([user_id]))[user_id])

    async def test_a_new_user_has_done_what_the_guest_did(
        self, database: Database, events: Sequence[Interaction]
    ) -> None:
        user = await database.users.create(User(0), _history("s", events))
        found = (await database.interactions.histories([user.user_id]))[user.user_id]
        assert found == [replace(event, user_id=user.user_id) for event in events]

    async def test_a_known_user_can_take_them_over_too(self, database: Database, events: Sequence[Interaction]) -> None:
        user_id = await database.user()
        await database.users.change(user_id, lambda user: replace(user, age=34), _history("s", events))
        assert await self._ids(database, user_id) == ["e1", "e2"]
        assert (await database.users.get(user_id)) == replace(await database.users.change(user_id, _same), age=34)

    async def test_a_session_without_events_has_an_owner_all_the_same(self, database: Database) -> None:
        await database.users.create(User(0), _history("s", []))
        with pytest.raises(Conflict):
            await database.users.create(User(0), _history("s", []))

    async def test_a_repeat_changes_nothing_and_adds_what_is_new(
        self, database: Database, events: Sequence[Interaction]
    ) -> None:
        user_id = (await database.users.create(User(0), _history("s", events[:1]))).user_id
        await database.users.change(user_id, _same, _history("s", events[:1]))
        await database.users.change(user_id, _same, _history("s", None))
        assert await self._ids(database, user_id) == ["e1"]
        await database.users.change(user_id, _same, _history("s", events))
        assert await self._ids(database, user_id) == ["e1", "e2"]

    async def test_another_user_does_not_get_them_and_nothing_else_is_stored(
        self, database: Database, events: Sequence[Interaction]
    ) -> None:
        owner = (await database.users.create(User(0), _history("s", events))).user_id
        other = await database.user()
        for history in (_history("s", events), _history("s", None)):
            with pytest.raises(Conflict) as refused:
                await database.users.change(other, lambda user: replace(user, age=50), history)
            assert [problem.field for problem in refused.value.fields] == ["session_id"]
            with pytest.raises(Conflict):
                await database.users.create(User(0, external_id="nobody"), history)
        assert (await database.users.change(other, _same)).age is None
        assert await self._ids(database, other) == []
        assert await self._ids(database, owner) == ["e1", "e2"]
        await database.users.create(User(0, external_id="nobody"))

    async def test_a_session_that_is_gone_and_was_never_merged_is_not_found(self, database: Database) -> None:
        with pytest.raises(NotFound):
            await database.users.create(User(0, external_id="nobody"), _history("s", None))
        user_id = await database.user()
        with pytest.raises(NotFound):
            await database.users.change(user_id, _same, _history("s", None))
        await database.users.create(User(0, external_id="nobody"), _history("s", []))

    async def test_a_refused_sign_up_leaves_the_session_free(
        self, database: Database, events: Sequence[Interaction]
    ) -> None:
        with pytest.raises(InvalidInput):
            await database.users.create(User(0, preferences={"Boats": 1.0}), _history("s", events))
        user_id = (await database.users.create(User(0), _history("s", events))).user_id
        assert await self._ids(database, user_id) == ["e1", "e2"]

    async def test_of_users_who_race_for_a_session_one_has_it_whole(
        self, database: Database, events: Sequence[Interaction]
    ) -> None:
        user_ids = [await database.user() for _ in range(4)]

        async def merge(user_id: int) -> bool:
            try:
                await database.users.change(user_id, _same, _history("s", events))
            except Conflict:
                return False
            return True

        owners = await asyncio.gather(*map(merge, user_ids))
        assert sum(owners) == 1
        found = [await self._ids(database, user_id) for user_id in user_ids]
        assert found == [["e1", "e2"] if is_owner else [] for is_owner in owners]

    async def test_one_user_may_ask_twice_at_once(self, database: Database, events: Sequence[Interaction]) -> None:
        user_id = await database.user()
        history = _history("s", events)
        await asyncio.gather(*(database.users.change(user_id, _same, history) for _ in range(4)))
        assert await self._ids(database, user_id) == ["e1", "e2"]

    async def test_an_event_id_that_somebody_else_has_is_no_reason_to_lose_an_event(
        self, database: Database, events: Sequence[Interaction]
    ) -> None:
        somebody = await database.user()
        await database.interactions.record([database.event(somebody, 2, "e1")])
        user_id = (await database.users.create(User(0), _history("s", events))).user_id
        await database.users.change(user_id, _same, _history("s", events))
        ids = await self._ids(database, user_id)
        assert len(ids) == 2
        assert "e2" in ids
        assert await self._ids(database, somebody) == ["e1"]

    async def test_what_names_an_item_that_went_away_stays_out(
        self, database: Database, events: Sequence[Interaction]
    ) -> None:
        gone = replace(events[0], event_id="gone", item_id=99)
        user_id = (await database.users.create(User(0), _history("s", [gone, *events]))).user_id
        assert await self._ids(database, user_id) == ["e1", "e2"]

    async def test_an_erased_user_s_sessions_are_gone_too(
        self, database: Database, events: Sequence[Interaction]
    ) -> None:
        user_id = (await database.users.create(User(0), _history("s", events))).user_id
        assert (await database.erasures.erase(user_id)).removed["merged_sessions"] == 1
        other = await database.user()
        for history in (_history("s", events), _history("s", None)):
            with pytest.raises(Erased) as refused:
                await database.users.create(User(0, external_id="nobody"), history)
            assert [problem.field for problem in refused.value.fields] == ["session_id"]
            with pytest.raises(Erased):
                await database.users.change(other, _same, history)
        assert await self._ids(database, other) == []
        await database.users.create(User(0, external_id="nobody"), _history("another", events))
