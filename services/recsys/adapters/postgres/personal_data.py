"""All that is kept of one user, in PostgreSQL, a page at a time along an index."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlalchemy import BigInteger, Integer, bindparam, select, tuple_

from recsys.adapters.postgres.engine import Postgres
from recsys.adapters.postgres.interactions import READ, interaction_of
from recsys.adapters.postgres.recommendation_lists import FIELDS
from recsys.adapters.postgres.statement import Statement
from recsys.adapters.tables import MOMENT, interactions, recommendation_lists
from recsys.domain import Interaction
from recsys.ports import KeptList

_USER = bindparam("user_id", type_=BigInteger)
_AT = bindparam("at", type_=MOMENT)
_LIMIT = bindparam("limit", type_=Integer)
_KEPT = recommendation_lists.c


def _interactions() -> tuple[Statement, Statement]:
    page = (
        select(*READ)
        .where(interactions.c.user_id == _USER)
        .order_by(interactions.c.occurred_at, interactions.c.event_id)
        .limit(_LIMIT)
    )
    position = tuple_(interactions.c.occurred_at, interactions.c.event_id)
    after = position > tuple_(_AT, bindparam("event_id", type_=interactions.c.event_id.type))
    return Statement(page), Statement(page.where(after))


def _lists() -> tuple[Statement, Statement]:
    page = (
        select(*(_KEPT[name] for name in FIELDS))
        .where(_KEPT.user_id == _USER)
        .order_by(_KEPT.generated_at, _KEPT.recommendation_id)
        .limit(_LIMIT)
    )
    position = tuple_(_KEPT.generated_at, _KEPT.recommendation_id)
    after = position > tuple_(_AT, bindparam("recommendation_id", type_=_KEPT.recommendation_id.type))
    return Statement(page), Statement(page.where(after))


_FIRST_INTERACTIONS, _NEXT_INTERACTIONS = _interactions()
_FIRST_LISTS, _NEXT_LISTS = _lists()


class PostgresPersonalData:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def interactions(self, user_id: int, after: Interaction | None, limit: int) -> Sequence[Interaction]:
        if after is None:
            page = partial(_FIRST_INTERACTIONS.all, user_id=user_id, limit=limit)
        else:
            at, event_id = after.occurred_at, after.event_id
            page = partial(_NEXT_INTERACTIONS.all, user_id=user_id, limit=limit, at=at, event_id=event_id)
        return [interaction_of(row) for row in await self._postgres.read(page)]

    async def lists(self, user_id: int, after: KeptList | None, limit: int) -> Sequence[KeptList]:
        if after is None:
            page = partial(_FIRST_LISTS.all, user_id=user_id, limit=limit)
        else:
            at, last = after.generated_at, after.recommendation_id
            page = partial(_NEXT_LISTS.all, user_id=user_id, limit=limit, at=at, recommendation_id=last)
        return [KeptList(str(row[0]), *row[1:]) for row in await self._postgres.read(page)]
