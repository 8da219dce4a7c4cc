"""Forgetting a user in PostgreSQL: one transaction over every table that names users, whichever those are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import uuid4

from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import BigInteger, Integer, Text, any_, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert

from recsys.adapters.postgres.engine import Connection, Postgres
from recsys.adapters.postgres.statement import Statement
from recsys.adapters.tables import erasure_steps, erasures, merged_sessions, tombstones, users
from recsys.adapters.verdicts import erased_user, unknown_user
from recsys.domain import Erasure
from recsys.errors import Unavailable
from recsys.ports import Backlog, Clock, Tombstones
from recsys.pseudonyms import Pseudonyms

STEPS = ("redis", "releases", "mlflow")
"""Stores that follow the database."""
MAX_WAITING = 100_000
"""Erasures that the cache has still to follow."""
FULL_RETRY_SECONDS = 60
LOCK = 0x5EC57AC5
"""Shared by whoever writes what names a user without a foreign key, to the commit; an erasure has it alone."""
TIMEOUT_SECONDS = 60.0
"""A user may have millions of events."""

_PATIENCE = sql.SQL("SET LOCAL statement_timeout = {}").format(round(TIMEOUT_SECONDS * 1000))
_ALONE = sql.SQL("SELECT pg_advisory_xact_lock({})").format(LOCK)
_NAMING_USERS = b"""
SELECT c.relname, EXISTS (
    SELECT 1 FROM pg_constraint f WHERE f.conrelid = c.oid AND f.confrelid = 'users'::regclass
) AS tied
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE a.attname = 'user_id' AND NOT a.attisdropped AND c.relkind = 'r' AND c.relname <> 'users'
    AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'users'::regclass)
ORDER BY tied DESC, c.relname
"""
_USER = bindparam("user_id", type_=BigInteger)
_CLAIM = Statement(select(users.c.external_id).where(users.c.user_id == _USER).with_for_update())
_SESSIONS = Statement(select(merged_sessions.c.session_hash).where(merged_sessions.c.user_id == _USER))
_STORE = bindparam("store", type_=Text)
_WAITING = Statement(
    select(erasure_steps.c.receipt_id)
    .join(erasures, erasures.c.receipt_id == erasure_steps.c.receipt_id)
    .where(erasure_steps.c.store == _STORE, erasure_steps.c.done_at.is_(None))
    .order_by(erasures.c.erased_at, erasures.c.receipt_id)
    .limit(bindparam("limit", type_=Integer))
)
_BACKLOG = Statement(
    select(erasure_steps.c.store, func.count(), func.min(erasures.c.erased_at))
    .join(erasures, erasures.c.receipt_id == erasure_steps.c.receipt_id)
    .where(erasure_steps.c.done_at.is_(None))
    .group_by(erasure_steps.c.store)
)
_SETTLE = Statement(
    update(erasure_steps)
    .where(
        erasure_steps.c.store == _STORE,
        erasure_steps.c.done_at.is_(None),
        erasure_steps.c.receipt_id == any_(bindparam("receipt_ids", type_=ARRAY(erasure_steps.c.receipt_id.type))),
    )
    .values(done_at=bindparam("done_at", type_=erasure_steps.c.done_at.type))
)
_IS_ERASED = Statement(select(tombstones.c.hash).where(tombstones.c.hash == bindparam("hash")))
_BURY = Statement(
    insert(tombstones)
    .from_select(["hash"], select(func.unnest(bindparam("hashes", type_=ARRAY(tombstones.c.hash.type)))))
    .on_conflict_do_nothing(index_elements=["hash"])
)
_SINCE = Statement(
    select(tombstones.c.hash, tombstones.c.revision).where(tombstones.c.revision > bindparam("since", type_=BigInteger))
)
_RECEIPT = Statement(
    select(
        erasures.c.receipt_id,
        erasures.c.erased_at,
        erasures.c.removed,
        func.array_agg(erasure_steps.c.store),
        func.array_agg(erasure_steps.c.done_at),
    )
    .join(erasure_steps, erasure_steps.c.receipt_id == erasures.c.receipt_id)
    .where(erasures.c.receipt_id == bindparam("receipt_id", type_=erasures.c.receipt_id.type))
    .group_by(erasures.c.receipt_id)
)


class PostgresErasures:
    def __init__(self, postgres: Postgres, pseudonyms: Pseudonyms, clock: Clock) -> None:
        self._postgres, self._pseudonyms, self._clock = postgres, pseudonyms, clock

    async def erase(self, user_id: int) -> Erasure:
        return await self._postgres.run(partial(self._erase, user_id), timeout_seconds=TIMEOUT_SECONDS)

    async def find(self, receipt_id: str) -> Erasure | None:
        row = await self._postgres.read(partial(_RECEIPT.one, receipt_id=receipt_id))
        if row is None:
            return None
        found, erased_at, removed, stores, done = row
        return Erasure(str(found), erased_at, removed, dict(zip(stores, done, strict=True)))

    async def tombstones(self, since: int) -> Tombstones:
        rows = await self._postgres.read(partial(_SINCE.all, since=since))
        return Tombstones(frozenset(row[0] for row in rows), max((row[1] for row in rows), default=since))

    async def waiting(self, store: str, limit: int) -> Sequence[str]:
        return [str(row[0]) for row in await self._postgres.read(partial(_WAITING.all, store=store, limit=limit))]

    async def settle(self, store: str, receipt_ids: Sequence[str]) -> None:
        now = self._clock.now()
        await self._postgres.run(partial(_SETTLE.run, store=store, receipt_ids=list(receipt_ids), done_at=now))

    async def backlog(self) -> Mapping[str, Backlog]:
        found = {row[0]: Backlog(row[1], row[2]) for row in await self._postgres.read(_BACKLOG.all)}
        return {store: found.get(store, Backlog(0, None)) for store in STEPS}

    async def _erase(self, user_id: int, connection: Connection) -> Erasure:
        user_hash = self._pseudonyms.user(user_id)
        async with connection.transaction():
            await connection.execute(_PATIENCE)
            # Events hold their user's row to their commit: those under way are waited for, later ones find nobody.
            claimed = await _CLAIM.one(connection, user_id=user_id)
            if claimed is None:
                known = await _IS_ERASED.one(connection, hash=user_hash)
                raise erased_user(user_id) if known else unknown_user(user_id)
            await _refuse_when_full(connection)
            # Hashes already, of random ids.
            sessions = [row[0] for row in await _SESSIONS.all(connection, user_id=user_id)]
            removed = await _remove(user_id, connection)
            hashes = [user_hash, *(self._pseudonyms.external(known) for known in claimed if known), *sessions]
            await _BURY.run(connection, hashes=hashes)
            erasure = Erasure(str(uuid4()), self._clock.now(), removed, dict.fromkeys(STEPS))
            await _write_down(erasure, user_hash, connection)
        return erasure


async def _refuse_when_full(connection: Connection) -> None:
    backlog = {row[0]: row[1] for row in await _BACKLOG.all(connection)}
    if backlog.get("redis", 0) >= MAX_WAITING:
        raise Unavailable("too many erasures wait for Redis", dependency="redis", retry_after=FULL_RETRY_SECONDS)


async def _remove(user_id: int, connection: Connection) -> dict[str, int]:
    """Rows by table. What is tied to the user's row is safe by its lock; the others are locked out to the commit."""
    named: list[Any] = await (await connection.execute(_NAMING_USERS)).fetchall()
    removed: dict[str, int] = {}
    is_alone = False
    for table, tied in named:
        if not tied and not is_alone:
            await connection.execute(_ALONE)
            is_alone = True
        removed[table] = await _delete(table, user_id, connection)
    if not is_alone:
        await connection.execute(_ALONE)
    removed["users"] = await _delete("users", user_id, connection)
    return {table: rows for table, rows in sorted(removed.items()) if rows}


async def _delete(table: str, user_id: int, connection: Connection) -> int:
    query = sql.SQL("DELETE FROM {} WHERE user_id = %s").format(sql.Identifier(table))
    return (await connection.execute(query, (user_id,))).rowcount


async def _write_down(erasure: Erasure, user_hash: bytes, connection: Connection) -> None:
    await connection.execute(
        "INSERT INTO erasures (receipt_id, user_hash, erased_at, removed) VALUES (%s, %s, %s, %s)",
        (erasure.receipt_id, user_hash, erasure.erased_at, Jsonb(dict(erasure.removed))),
    )
    for store in STEPS:
        await connection.execute(
            "INSERT INTO erasure_steps (receipt_id, store) VALUES (%s, %s)", (erasure.receipt_id, store)
        )
