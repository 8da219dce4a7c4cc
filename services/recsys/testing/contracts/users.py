"""`Users`."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from recsys.domain import MAX_ID, Gender, Item, User
from recsys.errors import Conflict, InvalidInput, NotFound
from recsys.testing.contracts.database import Database

WHOLE = User(
    user_id=0,
    age=34,
    gender=Gender.NONBINARY,
    country="DE",
    signed_up_at=datetime(2026, 1, 1, tzinfo=UTC),
    external_id="u-1",
    preferences={"Books": 0.75, "Lamps": 0.0},
    liked_item_ids=(1, 2),
)
BAD_USERS = {
    "age": User(0, age=12),
    "age ": User(0, age=121),
    "country": User(0, country="de"),
    "country ": User(0, country="DEU"),
    "external_id": User(0, external_id="nul\0"),
    "preferences.categories.Books": User(0, preferences={"Books": 1.01}),
    "preferences.categories.Books ": User(0, preferences={"Books": float("nan")}),
    "preferences.categories.Boats": User(0, preferences={"Boats": 1.0}),
    "preferences.categories.nul\0": User(0, preferences={"nul\0": 1.0}),
    "liked_item_ids": User(0, liked_item_ids=(1, 99)),
    "liked_item_ids ": User(0, liked_item_ids=(MAX_ID + 1,)),
    "signed_up_at": User(0, signed_up_at=datetime(2026, 1, 1)),  # noqa: DTZ001
}


class UsersContract:
    @pytest.fixture
    async def shop(self, database: Database) -> Database:
        await database.catalog.put(Item(1, "Dune", category="Books"))
        await database.catalog.put(Item(2, "Lamp", category="Lamps"))
        return database

    async def test_a_user_comes_back_as_created(self, shop: Database) -> None:
        created = await shop.users.create(WHOLE)
        assert created == replace(WHOLE, user_id=created.user_id)
        assert await shop.users.get(created.user_id) == created

    async def test_a_user_may_say_nothing(self, shop: Database) -> None:
        created = await shop.users.create(User(0))
        assert created == User(created.user_id, signed_up_at=shop.clock.now())
        assert await shop.users.get(created.user_id) == created

    async def test_ids_are_fresh_whatever_is_asked_for(self, shop: Database) -> None:
        users = await asyncio.gather(*(shop.users.create(User(1)) for _ in range(5)))
        ids = {user.user_id for user in users}
        assert len(ids) == 5
        assert min(ids) >= 1

    async def test_a_user_that_is_not_there_is_none(self, shop: Database) -> None:
        assert await shop.users.get(MAX_ID) is None

    async def test_liked_items_are_a_set(self, shop: Database) -> None:
        created = await shop.users.create(User(0, liked_item_ids=(2, 1, 2)))
        assert created.liked_item_ids == (1, 2)

    @pytest.mark.parametrize("field", BAD_USERS)
    async def test_a_user_that_cannot_be_is_refused_by_field(self, shop: Database, field: str) -> None:
        before = await shop.users.create(WHOLE)
        with pytest.raises(InvalidInput) as caught:
            await shop.users.create(BAD_USERS[field])
        assert [problem.field for problem in caught.value.fields] == [field.strip(" ")]
        with pytest.raises(InvalidInput):
            await shop.users.update(replace(BAD_USERS[field], user_id=before.user_id))
        assert await shop.users.get(before.user_id) == before

    async def test_an_external_id_belongs_to_one_user(self, shop: Database) -> None:
        await shop.users.create(WHOLE)
        with pytest.raises(Conflict, match="u-1"):
            await shop.users.create(replace(WHOLE, age=20))

    async def test_an_update_replaces_what_was_stated(self, shop: Database) -> None:
        created = await shop.users.create(WHOLE)
        stated = User(created.user_id, age=35, preferences={"Lamps": 1.0}, liked_item_ids=(2,))
        updated = await shop.users.update(stated)
        assert updated == replace(stated, signed_up_at=WHOLE.signed_up_at, external_id=WHOLE.external_id)
        assert await shop.users.get(created.user_id) == updated

    async def test_updates_at_once_leave_one_of_them(self, shop: Database) -> None:
        user_id = (await shop.users.create(User(0))).user_id
        versions = [User(user_id, age=20 + n, preferences={"Books": n / 8}, liked_item_ids=(1,)) for n in range(8)]
        await asyncio.gather(*(shop.users.update(version) for version in versions))
        found = await shop.users.get(user_id)
        assert found is not None
        assert replace(found, signed_up_at=None) in versions

    async def test_only_a_user_can_be_updated(self, shop: Database) -> None:
        with pytest.raises(NotFound, match="99"):
            await shop.users.update(User(99))

    async def test_existing_leaves_out_who_is_not_there(self, shop: Database) -> None:
        user_id = await shop.user()
        assert await shop.users.existing([user_id, MAX_ID, user_id]) == {user_id}
        assert await shop.users.existing([]) == set()
