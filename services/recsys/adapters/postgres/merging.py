"""A guest's events become a user's: within the transaction that writes the user, so that a session has one owner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from psycopg import errors
from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from recsys.adapters.postgres.engine import NAME, Connection
from recsys.adapters.postgres.interactions import ATTEMPTS, Results, attempt
from recsys.adapters.postgres.statement import Statement
from recsys.adapters.sessions import merged_elsewhere, second_id, unknown
from recsys.adapters.tables import merged_sessions, tombstones
from recsys.adapters.verdicts import erased_session
from recsys.domain import GuestHistory, Interaction
from recsys.errors import Conflict, Unavailable

_GIVEN = {column.name: bindparam(column.name, type_=column.type) for column in merged_sessions.c}
_CLAIM = Statement(
    insert(merged_sessions)
    .values(_GIVEN)
    .on_conflict_do_nothing(index_elements=["session_hash"])
    .returning(merged_sessions.c.user_id)
)
_OWNER = Statement(select(merged_sessions.c.user_id).where(merged_sessions.c.session_hash == _GIVEN["session_hash"]))

_ERASED = Statement(select(tombstones.c.hash).where(tombstones.c.hash == _GIVEN["session_hash"]))


async def merge(guest: GuestHistory, user_id: int, now: datetime, connection: Connection) -> None:
    """Inside a transaction, the user's row written or locked. Whoever merges the same session at the same time waits
    for that transaction's end, and finds its owner.

    Raises `NotFound` for a session that is gone and was never merged, `Conflict` for one that is another user's,
    `Erased` for one that was an erased user's.
    """
    claimed = await _CLAIM.one(connection, session_hash=guest.session_hash, user_id=user_id, merged_at=now)
    if claimed is None:
        owner = await _OWNER.one(connection, session_hash=guest.session_hash)
        if owner is None or owner[0] != user_id:
            raise merged_elsewhere()
    elif await _ERASED.one(connection, session_hash=guest.session_hash):
        raise erased_session()
    elif guest.events is None:
        raise unknown()
    events = {place: replace(event, user_id=user_id) for place, event in enumerate(guest.events or ())}
    results = await _store(events, connection)
    taken = [place for place, result in results.items() if isinstance(result, Conflict)]
    await _store({place: second_id(events[place], guest.session_hash) for place in taken}, connection)


async def _store(events: Mapping[int, Interaction], connection: Connection) -> Results:
    """Those of items that went away meanwhile stay out: nobody could tell what they were."""
    results: Results = {}
    for _ in range(ATTEMPTS):
        left = {place: event for place, event in events.items() if place not in results}
        if not left:
            return results
        try:
            async with connection.transaction():
                results |= await attempt(left, connection)
        except (errors.ForeignKeyViolation, errors.DeadlockDetected, errors.SerializationFailure):
            continue
    if len(results) < len(events):
        raise Unavailable("the session's events could not be stored, what they name kept changing", dependency=NAME)
    return results
