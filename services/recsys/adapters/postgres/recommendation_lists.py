"""The lists that were computed, in PostgreSQL, for a limited time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from psycopg import sql
from sqlalchemy import BigInteger, Integer, LargeBinary, any_, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert

from recsys.adapters.postgres.engine import Connection, Postgres
from recsys.adapters.postgres.erasures import LOCK
from recsys.adapters.postgres.statement import Statement
from recsys.adapters.tables import MOMENT, items, new_items, recommendation_lists, tombstones
from recsys.ports import KeptList
from recsys.pseudonyms import Pseudonyms

FIELDS = ("recommendation_id", "user_id", "release", "algorithm", "item_ids", "generated_at", "propensities")

_NO_ERASURE = sql.SQL("SELECT pg_advisory_xact_lock_shared({})").format(LOCK)
_KEEP = Statement(
    insert(recommendation_lists)
    .from_select(
        FIELDS,
        select(*(bindparam(name, type_=recommendation_lists.c[name].type).label(name) for name in FIELDS)).where(
            ~select(tombstones.c.hash).where(tombstones.c.hash == bindparam("hash", type_=LargeBinary)).exists()
        ),
    )
    .on_conflict_do_nothing(index_elements=["recommendation_id"])
)
_FORGET = Statement(
    delete(recommendation_lists).where(
        recommendation_lists.c.generated_at < bindparam("moment", type_=recommendation_lists.c.generated_at.type)
    )
)
_FIND = Statement(
    select(*(recommendation_lists.c[name] for name in FIELDS)).where(
        recommendation_lists.c.recommendation_id
        == any_(bindparam("ids", type_=ARRAY(recommendation_lists.c.recommendation_id.type)))
    )
)


def _count_shown() -> Statement:
    newest = (
        select(recommendation_lists.c.item_ids)
        .where(recommendation_lists.c.generated_at >= bindparam("since", type_=MOMENT))
        .order_by(recommendation_lists.c.generated_at.desc())
        .limit(bindparam("lists", type_=Integer))
        .subquery("newest")
    )
    shown = select(func.unnest(newest.c.item_ids).label("item_id")).distinct().subquery("shown")
    at = bindparam("at", type_=MOMENT)
    return Statement(
        select(func.count())
        .select_from(shown.join(items, items.c.item_id == shown.c.item_id))
        .where(
            or_(items.c.available_from.is_(None), items.c.available_from <= at),
            or_(items.c.available_until.is_(None), items.c.available_until > at),
        )
    )


_COUNT_SHOWN = _count_shown()


def _show_new() -> Statement:
    """Rows are locked in one order, so that writers wait for one another instead of each for the other."""
    ids = func.unnest(bindparam("ids", type_=ARRAY(BigInteger))).table_valued("item_id", name="listed").render_derived()
    times = select(ids.c.item_id, func.count().label("times")).group_by(ids.c.item_id).subquery("times")
    locked = (
        select(new_items.c.item_id, times.c.times)
        .join(times, times.c.item_id == new_items.c.item_id)
        .order_by(new_items.c.item_id)
        .with_for_update(of=new_items)
        .cte("locked")
    )
    return Statement(
        update(new_items)
        .where(new_items.c.item_id == locked.c.item_id)
        .values(impressions=new_items.c.impressions + locked.c.times)
    )


def _note_new() -> Statement:
    ids = bindparam("ids", type_=ARRAY(BigInteger))
    found = select(items.c.item_id).where(items.c.item_id == any_(ids)).order_by(items.c.item_id)
    return Statement(insert(new_items).from_select(["item_id"], found).on_conflict_do_nothing())


_SHOW_NEW = _show_new()
_NOTE_NEW = _note_new()
_SHOWN_LITTLE = Statement(
    select(new_items.c.item_id, new_items.c.impressions).where(
        new_items.c.impressions < bindparam("below", type_=BigInteger)
    )
)


class PostgresRecommendationLog:
    def __init__(self, postgres: Postgres, pseudonyms: Pseudonyms) -> None:
        self._postgres, self._pseudonyms = postgres, pseudonyms

    async def keep(self, lists: Sequence[KeptList]) -> None:
        rows = [self._row(kept) for kept in sorted(lists, key=lambda kept: kept.recommendation_id)]

        async def insert_all(connection: Connection) -> None:
            async with connection.transaction(), connection.cursor() as cursor:
                await cursor.execute(_NO_ERASURE)
                await cursor.executemany(_KEEP.sql, rows)
                await _SHOW_NEW.run(connection, ids=[item_id for kept in lists for item_id in kept.item_ids])

        await self._postgres.run(insert_all)

    def _row(self, kept: KeptList) -> dict[str, Any]:
        fields = {name: getattr(kept, name) for name in FIELDS}
        likely = None if kept.propensities is None else list(kept.propensities)
        return fields | {
            "item_ids": list(kept.item_ids),
            "propensities": likely,
            "hash": self._pseudonyms.user(kept.user_id),
        }

    async def find(self, recommendation_ids: Sequence[str]) -> Mapping[str, KeptList]:
        rows = await self._postgres.read(partial(_FIND.all, ids=list(recommendation_ids)))
        return {str(row[0]): KeptList(str(row[0]), *row[1:]) for row in rows}

    async def impressions(self, item_ids: Sequence[int], *, below: int) -> Mapping[int, int]:
        if item_ids:
            await self._postgres.run(partial(_NOTE_NEW.run, ids=list(item_ids)))
        return dict(await self._postgres.read(partial(_SHOWN_LITTLE.all, below=below)))

    async def count_shown(self, since: datetime, at: datetime, *, lists: int) -> int:
        row = await self._postgres.read(partial(_COUNT_SHOWN.one, since=since, at=at, lists=lists))
        return int(row[0])

    async def forget_before(self, moment: datetime) -> int:
        cursor = await self._postgres.run(partial(_FORGET.run, moment=moment))
        return cursor.rowcount
