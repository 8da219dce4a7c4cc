"""What users never want to see again, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from psycopg import errors
from sqlalchemy import BigInteger, and_, any_, bindparam, delete, exists, func, select
from sqlalchemy.dialects.postgresql import ARRAY, insert

from recsys.adapters.postgres.engine import NAME, Connection, Postgres
from recsys.adapters.postgres.statement import Statement
from recsys.adapters.tables import hidden_items, items, users
from recsys.adapters.verdicts import hides_too_many, unknown_item, unknown_user
from recsys.domain import HiddenItem
from recsys.errors import Unavailable
from recsys.ports import MAX_HIDDEN, Clock

ATTEMPTS = 3
"""A user or an item that is erased while this is written makes it run again."""

_USER, _ITEM = bindparam("user_id", type_=BigInteger), bindparam("item_id", type_=BigInteger)
_SAME = and_(hidden_items.c.user_id == _USER, hidden_items.c.item_id == _ITEM)
_KNOWN = Statement(
    select(
        exists().where(users.c.user_id == _USER),
        exists().where(items.c.item_id == _ITEM),
        select(func.count()).where(hidden_items.c.user_id == _USER, hidden_items.c.item_id != _ITEM).scalar_subquery(),
    )
)
_HIDE = Statement(
    insert(hidden_items)
    .values(user_id=_USER, item_id=_ITEM, hidden_at=bindparam("hidden_at", type_=hidden_items.c.hidden_at.type))
    .on_conflict_do_nothing(index_elements=["user_id", "item_id"])
    .returning(hidden_items.c.item_id)
)
_SHOW = Statement(delete(hidden_items).where(_SAME).returning(hidden_items.c.item_id))
_OF = Statement(
    select(hidden_items.c.user_id, hidden_items.c.item_id, hidden_items.c.hidden_at)
    .where(hidden_items.c.user_id == any_(bindparam("user_ids", type_=ARRAY(BigInteger))))
    .order_by(hidden_items.c.user_id, hidden_items.c.hidden_at, hidden_items.c.item_id)
)


class PostgresHiddenItems:
    def __init__(self, postgres: Postgres, clock: Clock) -> None:
        self._postgres = postgres
        self._clock = clock

    async def hide(self, user_id: int, item_id: int) -> bool:
        for _ in range(ATTEMPTS):
            try:
                return await self._postgres.run(partial(self._hide, user_id, item_id))
            except errors.ForeignKeyViolation:
                continue
        raise Unavailable("the item could not be hidden, what is named kept changing", dependency=NAME)

    async def show(self, user_id: int, item_id: int) -> bool:
        async def show(connection: Connection) -> bool:
            await _require_known(user_id, item_id, connection)
            return await _SHOW.one(connection, user_id=user_id, item_id=item_id) is not None

        return await self._postgres.run(show)

    async def of(self, user_ids: Sequence[int]) -> Mapping[int, Sequence[HiddenItem]]:
        rows = await self._postgres.read(partial(_OF.all, user_ids=list(user_ids)))
        found: dict[int, list[HiddenItem]] = {user_id: [] for user_id in user_ids}
        for user_id, item_id, hidden_at in rows:
            found[user_id].append(HiddenItem(item_id, hidden_at))
        return found

    async def _hide(self, user_id: int, item_id: int, connection: Connection) -> bool:
        if await _require_known(user_id, item_id, connection) >= MAX_HIDDEN:
            raise hides_too_many(MAX_HIDDEN)
        row = await _HIDE.one(connection, user_id=user_id, item_id=item_id, hidden_at=self._clock.now())
        return row is not None


async def _require_known(user_id: int, item_id: int, connection: Connection) -> int:
    """How many other items the user hides. Raises `NotFound`."""
    user_known, item_known, others = await _KNOWN.one(connection, user_id=user_id, item_id=item_id)
    if not user_known:
        raise unknown_user(user_id)
    if not item_known:
        raise unknown_item(item_id)
    return int(others)
