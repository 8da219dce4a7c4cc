"""Guests in Redis, one hash a session: one field an event, and `closing`, what a merge into an account holds it with.

Each change is one script: a session that ended between two commands would otherwise come back without its TTL.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from recsys.adapters.acceptance import accept_guest_event
from recsys.adapters.redis.connection import RedisConnection
from recsys.adapters.redis.pipeline import NAME
from recsys.adapters.sessions import CLOSING_SECONDS, MAX_EVENTS, closing, full, in_order, new_session_id, unknown
from recsys.adapters.verdicts import repeated
from recsys.domain import GUEST, ClosedSession, EventType, Interaction
from recsys.errors import RecstackError, Unavailable
from recsys.ports import Clock, Recorded

PREFIX = b"recstack:session:"
CLOSING = b"closing"
"""Until when, in unix seconds, and a token; 0 for an open session."""
EVENT = b"event:"

_RECORD = b"""
local state = redis.call('HGET', KEYS[1], 'closing')
if not state then return {'unknown', false} end
if tonumber(string.match(state, '^[%d.]+')) > tonumber(ARGV[2]) then return {'closing', false} end
local stored = redis.call('HGET', KEYS[1], ARGV[4])
if not stored then
    if redis.call('HLEN', KEYS[1]) > tonumber(ARGV[3]) then return {'full', false} end
    redis.call('HSET', KEYS[1], ARGV[4], ARGV[5])
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return {'stored', stored}
"""
_CLOSE = b"""
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'closing', ARGV[1]) end
return redis.call('HGETALL', KEYS[1])
"""
_REOPEN = b"if redis.call('HGET', KEYS[1], 'closing') == ARGV[1] then redis.call('HSET', KEYS[1], 'closing', '0') end"
_END = b"if redis.call('HGET', KEYS[1], 'closing') == ARGV[1] then redis.call('UNLINK', KEYS[1]) end"

REFUSALS = {b"unknown": unknown, b"closing": closing, b"full": full}


class RedisSessions:
    def __init__(self, connection: RedisConnection, clock: Clock, *, ttl_seconds: float) -> None:
        self._connection, self._clock = connection, clock
        self._ttl = round(ttl_seconds * 1000)

    async def begin(self) -> str:
        session_id = new_session_id()
        key = _key(session_id)
        written, kept = await self._connection.request(("HSET", key, CLOSING, "0"), ("PEXPIRE", key, self._ttl))
        _check(written)
        _check(kept)
        return session_id

    async def record(self, session_id: str, event: Interaction) -> Recorded:
        event = accept_guest_event(event)
        now, field = f"{self._now():f}", EVENT + event.event_id.encode()
        outcome, stored = await self._run(_RECORD, session_id, self._ttl, now, MAX_EVENTS, field, _encode(event))
        if refusal := REFUSALS.get(outcome):
            raise refusal()
        if stored is None:
            return Recorded(event.event_id, duplicate=False)
        verdict = repeated(_decode(field, stored), event)
        if isinstance(verdict, RecstackError):
            raise verdict
        return verdict

    async def events(self, session_id: str) -> Sequence[Interaction]:
        key = _key(session_id)
        fields, _ = await self._connection.request(("HGETALL", key), ("PEXPIRE", key, self._ttl))
        return _events(fields)

    async def close(self, session_id: str) -> ClosedSession:
        token = f"{self._now() + CLOSING_SECONDS:f}:{secrets.token_hex(8)}"
        return ClosedSession(_events(await self._run(_CLOSE, session_id, token)), token)

    async def reopen(self, session_id: str, token: str) -> None:
        await self._run(_REOPEN, session_id, token)

    async def end(self, session_id: str, token: str) -> None:
        await self._run(_END, session_id, token)

    def _now(self) -> float:
        return self._clock.now().timestamp()

    async def _run(self, script: bytes, session_id: str, *arguments: bytes | str | int) -> Any:
        (reply,) = await self._connection.request(("EVAL", script, 1, _key(session_id), *arguments))
        _check(reply)
        return reply


def _key(session_id: str) -> bytes:
    return PREFIX + session_id.encode("utf-8", "surrogatepass")


def _check(reply: object) -> None:
    if isinstance(reply, Exception):
        raise Unavailable(f"Redis refused a session: {reply}", dependency=NAME)


def _events(fields: Any) -> list[Interaction]:
    _check(fields)
    if not fields:
        raise unknown()
    pairs = zip(fields[::2], fields[1::2], strict=True)
    return in_order(_decode(field, stored) for field, stored in pairs if field.startswith(EVENT))


def _encode(event: Interaction) -> bytes:
    at = event.occurred_at.isoformat()
    said = (event.item_id, event.type.value, at, event.value, event.recommendation_id, event.timed_by_server)
    return json.dumps(said, separators=(",", ":")).encode()


def _decode(field: bytes, stored: bytes) -> Interaction:
    item_id, kind, at, value, recommendation_id, timed_by_server = json.loads(stored)
    event_id, moment = field.removeprefix(EVENT).decode(), datetime.fromisoformat(at)
    return Interaction(event_id, GUEST, item_id, EventType(kind), moment, value, recommendation_id, timed_by_server)
