"""People, their demographics and what they stated, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from psycopg import errors
from sqlalchemy import BigInteger, BindParameter, Text, any_, bindparam, column, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import ARRAY, REAL, aggregate_order_by

from recsys.adapters.acceptance import accept_user
from recsys.adapters.postgres.engine import Connection, Postgres
from recsys.adapters.postgres.merging import merge
from recsys.adapters.postgres.statement import Statement
from recsys.adapters.tables import categories, items, user_liked_items, user_preferences, users
from recsys.adapters.verdicts import refuse_unknown, taken, unknown_user
from recsys.domain import Gender, GuestHistory, User
from recsys.ports import Clock


def _given(name: str) -> BindParameter[Any]:
    return bindparam(name, type_=users.c[name].type)


_NAMES = bindparam("categories", type_=ARRAY(Text))
_LIKED = bindparam("liked_item_ids", type_=ARRAY(BigInteger))


def _get() -> Statement:
    stated = (
        select(func.jsonb_object_agg(categories.c.name, user_preferences.c.preference))
        .join(categories, categories.c.category_id == user_preferences.c.category_id)
        .where(user_preferences.c.user_id == users.c.user_id)
    )
    liked = select(func.array_agg(aggregate_order_by(user_liked_items.c.item_id, user_liked_items.c.item_id))).where(
        user_liked_items.c.user_id == users.c.user_id
    )
    demographics = (users.c.age, users.c.gender, users.c.country, users.c.signed_up_at, users.c.external_id)
    columns = (users.c.user_id, *demographics, stated.scalar_subquery(), liked.scalar_subquery())
    return Statement(select(*columns).where(users.c.user_id == _given("user_id")))


_GET = _get()
_LOCK = Statement(select(users.c.user_id).where(users.c.user_id == _given("user_id")).with_for_update(key_share=True))
_EXISTING = Statement(
    select(users.c.user_id).where(users.c.user_id == any_(bindparam("user_ids", type_=ARRAY(BigInteger))))
)
_CREATE = Statement(
    insert(users)
    .values({name: _given(name) for name in ("age", "gender", "country", "signed_up_at", "external_id")})
    .returning(users.c.user_id)
)
_UPDATE = Statement(
    update(users)
    .where(users.c.user_id == _given("user_id"))
    .values({name: _given(name) for name in ("age", "gender", "country")})
)
_KNOWN_CATEGORIES = Statement(select(categories.c.name).where(categories.c.name == any_(_NAMES)))
_KNOWN_ITEMS = Statement(select(items.c.item_id).where(items.c.item_id == any_(_LIKED)))
_FORGET_STATED = Statement(delete(user_preferences).where(user_preferences.c.user_id == _given("user_id")))
_FORGET_LIKED = Statement(delete(user_liked_items).where(user_liked_items.c.user_id == _given("user_id")))


def _state() -> Statement:
    liking = bindparam("preferences", type_=ARRAY(REAL))
    stated = func.unnest(_NAMES, liking).table_valued(column("name", Text), column("preference", REAL)).render_derived()
    rows = select(_given("user_id"), categories.c.category_id, stated.c.preference).join(
        categories, categories.c.name == stated.c.name
    )
    return Statement(insert(user_preferences).from_select(["user_id", "category_id", "preference"], rows))


_STATE = _state()
_LIKE = Statement(
    insert(user_liked_items).from_select(["user_id", "item_id"], select(_given("user_id"), func.unnest(_LIKED)))
)


class PostgresUsers:
    def __init__(self, postgres: Postgres, clock: Clock) -> None:
        self._postgres = postgres
        self._clock = clock

    async def get(self, user_id: int) -> User | None:
        row = await self._postgres.read(partial(_GET.one, user_id=user_id))
        return _user(row) if row else None

    async def existing(self, user_ids: Sequence[int]) -> set[int]:
        rows = await self._postgres.read(partial(_EXISTING.all, user_ids=list(user_ids)))
        return {user_id for (user_id,) in rows}

    async def create(self, user: User, guest: GuestHistory | None = None) -> User:
        user = accept_user(replace(user, signed_up_at=user.signed_up_at or self._clock.now()))
        try:
            return await self._postgres.run(partial(_create, user, guest, self._clock.now()))
        except errors.UniqueViolation as error:
            if error.diag.constraint_name != "users_external_id_key":
                raise
            raise taken("user", user.external_id) from None

    async def change(self, user_id: int, change: Callable[[User], User], guest: GuestHistory | None = None) -> User:
        return await self._postgres.run(partial(_change, user_id, change, guest, self._clock.now()))


async def _create(user: User, guest: GuestHistory | None, now: datetime, connection: Connection) -> User:
    async with connection.transaction():
        await _refuse_unknown(user, connection)
        once = {"signed_up_at": user.signed_up_at, "external_id": user.external_id}
        (user_id,) = await _CREATE.one(connection, **_demographics(user), **once)
        created = replace(user, user_id=user_id)
        await _write_stated(created, connection)
        if guest:
            await merge(guest, user_id, now, connection)
    return created


async def _change(
    user_id: int,
    change: Callable[[User], User],
    guest: GuestHistory | None,
    now: datetime,
    connection: Connection,
) -> User:
    async with connection.transaction():
        # Locked by a statement of its own: one that has waited still sees the other tables as before its wait.
        if await _LOCK.one(connection, user_id=user_id) is None:
            raise unknown_user(user_id)
        before = _user(await _GET.one(connection, user_id=user_id))
        changed = accept_user(change(before))
        user = replace(changed, user_id=user_id, signed_up_at=before.signed_up_at, external_id=before.external_id)
        await _refuse_unknown(user, connection)
        await _UPDATE.run(connection, user_id=user_id, **_demographics(user))
        await _FORGET_STATED.run(connection, user_id=user_id)
        await _FORGET_LIKED.run(connection, user_id=user_id)
        await _write_stated(user, connection)
        if guest:
            await merge(guest, user_id, now, connection)
    return user


async def _refuse_unknown(user: User, connection: Connection) -> None:
    names, liked = list(user.preferences), list(user.liked_item_ids)
    known_names = {name for (name,) in await _KNOWN_CATEGORIES.all(connection, categories=names)} if names else set()
    known_items = (
        {item_id for (item_id,) in await _KNOWN_ITEMS.all(connection, liked_item_ids=liked)} if liked else set()
    )
    refuse_unknown(
        [name for name in names if name not in known_names],
        [item_id for item_id in liked if item_id not in known_items],
    )


async def _write_stated(user: User, connection: Connection) -> None:
    if user.preferences:
        names, likings = list(user.preferences), list(user.preferences.values())
        await _STATE.run(connection, user_id=user.user_id, categories=names, preferences=likings)
    if user.liked_item_ids:
        await _LIKE.run(connection, user_id=user.user_id, liked_item_ids=list(user.liked_item_ids))


def _demographics(user: User) -> dict[str, object]:
    return {"age": user.age, "gender": user.gender and user.gender.value, "country": user.country}


def _user(row: Sequence[Any]) -> User:
    user_id, age, gender, country, signed_up_at, external_id, preferences, liked = row
    known_gender = None if gender is None else Gender(gender)
    stated = preferences or {}
    return User(user_id, age, known_gender, country, signed_up_at, external_id, stated, tuple(liked or ()))
