"""The lists that were computed, in PostgreSQL, for a limited time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import bindparam, delete
from sqlalchemy.dialects.postgresql import insert

from recsys.adapters.postgres.engine import Connection, Postgres
from recsys.adapters.postgres.statement import Statement
from recsys.adapters.tables import recommendation_lists
from recsys.ports import KeptList

FIELDS = ("recommendation_id", "user_id", "release", "algorithm", "item_ids", "generated_at")

_KEEP = Statement(
    insert(recommendation_lists)
    .values({name: bindparam(name, type_=recommendation_lists.c[name].type) for name in FIELDS})
    .on_conflict_do_nothing(index_elements=["recommendation_id"])
)
_FORGET = Statement(
    delete(recommendation_lists).where(
        recommendation_lists.c.generated_at < bindparam("moment", type_=recommendation_lists.c.generated_at.type)
    )
)


class PostgresRecommendationLog:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def keep(self, lists: Sequence[KeptList]) -> None:
        ordered = sorted(lists, key=lambda kept: kept.recommendation_id)
        rows = [{name: getattr(kept, name) for name in FIELDS} | {"item_ids": list(kept.item_ids)} for kept in ordered]

        async def insert_all(connection: Connection) -> None:
            async with connection.transaction(), connection.cursor() as cursor:
                await cursor.executemany(_KEEP.sql, rows)

        await self._postgres.run(insert_all)

    async def forget_before(self, moment: datetime) -> int:
        cursor = await self._postgres.run(partial(_FORGET.run, moment=moment))
        return cursor.rowcount
