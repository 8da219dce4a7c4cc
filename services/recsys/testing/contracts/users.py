"""`Users`."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

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
            await shop.users.change(before.user_id, lambda _: BAD_USERS[field])
        assert await shop.users.get(before.user_id) == before

    async def test_an_external_id_belongs_to_one_user(self, shop: Database) -> None:
        await shop.users.create(WHOLE)
        with pytest.raises(Conflict, match="u-1"):
            await shop.users.create(replace(WHOLE, age=20))

    async def test_a_change_replaces_what_was_stated(self, shop: Database) -> None:
        created = await shop.users.create(WHOLE)
        stated = User(0, age=35, preferences={"Lamps": 1.0}, liked_item_ids=(2,))
        changed = await shop.users.change(created.user_id, lambda _: stated)
        assert changed == replace(
            created, age=35, gender=None, country=None, preferences={"Lamps": 1.0}, liked_item_ids=(2,)
        )
        assert await shop.users.get(created.user_id) == changed

    async def test_changes_at_once_lose_nothing(self, shop: Database) -> None:
        """Neither of the user's own fields nor of what stands in other tables."""
        user_id = (await shop.users.create(User(0, age=20))).user_id
        names = [f"Category {number}" for number in range(8)]
        for number, name in enumerate(names):
            await shop.catalog.put(Item(10 + number, name, category=name))

        def and_likes(name: str, user: User) -> User:
            assert user.age is not None
            return replace(user, age=user.age + 1, preferences={**user.preferences, name: 0.5})

        await asyncio.gather(*(shop.users.change(user_id, partial(and_likes, name)) for name in names))
        found = await shop.users.get(user_id)
        assert found is not None
        assert (found.age, found.preferences) == (28, dict.fromkeys(names, 0.5))

    async def test_only_a_user_can_be_changed(self, shop: Database) -> None:
        with pytest.raises(NotFound, match="99"):
            await shop.users.change(99, lambda user: user)

    async def test_existing_leaves_out_who_is_not_there(self, shop: Database) -> None:
        user_id = await shop.user()
        assert await shop.users.existing([user_id, MAX_ID, user_id]) == {user_id}
        assert await shop.users.existing([]) == set()
