"""What users did, in PostgreSQL: one statement stores a batch, one reads the histories of many users."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from psycopg import errors
from sqlalchemy import BigInteger, Integer, any_, bindparam, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY, insert

from recsys.adapters.acceptance import accept_interaction
from recsys.adapters.postgres.engine import NAME, Connection, Postgres
from recsys.adapters.postgres.statement import Statement
from recsys.adapters.tables import interactions, items, users
from recsys.adapters.verdicts import repeated, unknown_item, unknown_user
from recsys.domain import EventType, Interaction
from recsys.errors import InvalidInput, Unavailable
from recsys.ports import Recorded

ATTEMPTS = 5
"""A user or an event that is erased while it is written makes the statement run again."""

FIELDS = ("event_id", "user_id", "item_id", "type", "value", "occurred_at", "recommendation_id", "timed_by_server")

_EVENT_TYPES = {event.value: event for event in EventType}
READ = tuple(interactions.c[name] for name in FIELDS[:-1])


def _record() -> Statement:
    """The first acceptable row of each event id is stored, in the order of the ids: concurrent batches that share some
    wait for one another and never in a circle.
    """
    arrays = [bindparam(name, type_=ARRAY(interactions.c[name].type)) for name in FIELDS]
    columns = [column(name, interactions.c[name].type) for name in FIELDS]
    given = func.unnest(*arrays).table_valued(*columns, with_ordinality="position").render_derived()
    known = (
        select(
            given, users.c.user_id.is_not(None).label("user_known"), items.c.item_id.is_not(None).label("item_known")
        )
        .join(users, users.c.user_id == given.c.user_id, isouter=True)
        .join(items, items.c.item_id == given.c.item_id, isouter=True)
        .cte("known")
    )
    acceptable = known.c.user_known & known.c.item_known
    earliest = select(func.min(known.c.position)).where(acceptable).group_by(known.c.event_id)
    first = select(known).where(known.c.position.in_(earliest)).cte("first")
    rows = select(*(first.c[name] for name in FIELDS)).order_by(first.c.event_id)
    stored = (
        insert(interactions)
        .from_select(FIELDS, rows)
        .on_conflict_do_nothing(index_elements=["event_id"])
        .returning(interactions.c.event_id)
        .cte("stored")
    )
    new = stored.c.event_id.is_not(None) & (first.c.position == known.c.position)
    return Statement(
        select(known.c.position - 1, known.c.user_known, known.c.item_known, func.coalesce(new, False))
        .join(first, first.c.event_id == known.c.event_id, isouter=True)
        .join(stored, stored.c.event_id == known.c.event_id, isouter=True)
    )


_RECORD = _record()
_STORED = Statement(
    select(*READ, interactions.c.timed_by_server).where(
        interactions.c.event_id == any_(bindparam("event_ids", type_=ARRAY(interactions.c.event_id.type)))
    )
)
_HISTORIES = Statement(
    select(*READ)
    .where(interactions.c.user_id == any_(bindparam("user_ids", type_=ARRAY(BigInteger))))
    .order_by(interactions.c.user_id, interactions.c.occurred_at, interactions.c.event_id)
)
_RECENT = Statement(
    select(*READ)
    .where(interactions.c.user_id == bindparam("user_id", type_=BigInteger))
    .order_by(interactions.c.occurred_at.desc(), interactions.c.event_id.desc())
    .limit(bindparam("limit", type_=Integer))
)

Results = dict[int, Recorded | Exception]
"""By position in the batch."""


class PostgresInteractionLog:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def record(self, interactions: Sequence[Interaction]) -> Sequence[Recorded | Exception]:
        results: Results = {}
        acceptable: dict[int, Interaction] = {}
        for position, event in enumerate(interactions):
            try:
                acceptable[position] = accept_interaction(event)
            except InvalidInput as error:
                results[position] = error
        if acceptable:
            results |= await self._postgres.run(partial(_store, acceptable))
        return [results[position] for position in range(len(interactions))]

    async def histories(self, user_ids: Sequence[int]) -> Mapping[int, Sequence[Interaction]]:
        rows = await self._postgres.read(partial(_HISTORIES.all, user_ids=list(user_ids)))
        found: dict[int, list[Interaction]] = {user_id: [] for user_id in user_ids}
        for row in rows:
            found[row[1]].append(interaction_of(row))
        return found

    async def recent(self, user_id: int, limit: int) -> Sequence[Interaction]:
        rows = await self._postgres.read(partial(_RECENT.all, user_id=user_id, limit=limit))
        return [interaction_of(row) for row in rows]


async def _store(events: Mapping[int, Interaction], connection: Connection) -> Results:
    results: Results = {}
    for _ in range(ATTEMPTS):
        left = {position: event for position, event in events.items() if position not in results}
        try:
            results |= await attempt(left, connection)
        except (errors.ForeignKeyViolation, errors.DeadlockDetected, errors.SerializationFailure):
            continue
        if len(results) == len(events):
            return results
    raise Unavailable("the events could not be stored, what they name kept changing", dependency=NAME)


async def attempt(events: Mapping[int, Interaction], connection: Connection) -> Results:
    """All that can be said after one statement; what was erased meanwhile is left out."""
    positions = list(events)
    rows = await _RECORD.all(connection, **_columns(events.values()))
    results: Results = {}
    stored: dict[str, Interaction] = {}
    repeats: list[int] = []
    for index, user_known, item_known, new in sorted(rows):
        position = positions[index]
        event = events[position]
        if not user_known:
            results[position] = unknown_user(event.user_id)
        elif not item_known:
            results[position] = unknown_item(event.item_id)
        elif new:
            results[position] = Recorded(event.event_id, duplicate=False)
            stored[event.event_id] = event
        else:
            repeats.append(position)
    stored |= await _stored({events[position].event_id for position in repeats} - stored.keys(), connection)
    for position in repeats:
        if before := stored.get(events[position].event_id):
            results[position] = repeated(before, events[position])
    return results


async def _stored(event_ids: set[str], connection: Connection) -> dict[str, Interaction]:
    rows = await _STORED.all(connection, event_ids=list(event_ids)) if event_ids else []
    return {row[0]: interaction_of(row) for row in rows}


def _columns(events: Iterable[Interaction]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {name: [] for name in FIELDS}
    for event in events:
        for name, values in columns.items():
            values.append(getattr(event, name))
    columns["type"] = [kind.value for kind in columns["type"]]
    return columns


def interaction_of(row: Sequence[Any]) -> Interaction:
    event_id, user_id, item_id, kind, value, at, recommendation_id, *timed_by_server = row
    named = None if recommendation_id is None else str(recommendation_id)
    return Interaction(event_id, user_id, item_id, _EVENT_TYPES[kind], at, value, named, *timed_by_server)
