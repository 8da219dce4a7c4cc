"""Guests in this process's memory."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from recsys.adapters.acceptance import accept_guest_event
from recsys.adapters.sessions import CLOSING_SECONDS, MAX_EVENTS, closing, full, in_order, new_session_id, unknown
from recsys.adapters.verdicts import repeated
from recsys.domain import ClosedSession, Interaction
from recsys.errors import RecstackError
from recsys.ports import Clock, Recorded


@dataclass(slots=True)
class _Session:
    ends_at: float
    """On the monotonic clock, as the next one."""
    closed_until: float = float("-inf")
    token: str = ""
    events: dict[str, Interaction] = field(default_factory=dict)


class MemorySessions:
    def __init__(self, clock: Clock, *, ttl_seconds: float) -> None:
        self._clock, self._ttl = clock, ttl_seconds
        self._sessions: dict[str, _Session] = {}

    async def begin(self) -> str:
        session_id = new_session_id()
        self._sessions[session_id] = _Session(self._clock.monotonic() + self._ttl)
        return session_id

    async def record(self, session_id: str, event: Interaction) -> Recorded:
        event = accept_guest_event(event)
        session = self._find(session_id)
        if session.closed_until > self._clock.monotonic():
            raise closing()
        before = session.events.get(event.event_id)
        if before is None and len(session.events) >= MAX_EVENTS:
            raise full()
        session.ends_at = self._clock.monotonic() + self._ttl
        if before is None:
            session.events[event.event_id] = event
            return Recorded(event.event_id, duplicate=False)
        verdict = repeated(before, event)
        if isinstance(verdict, RecstackError):
            raise verdict
        return verdict

    async def events(self, session_id: str) -> Sequence[Interaction]:
        session = self._find(session_id)
        session.ends_at = self._clock.monotonic() + self._ttl
        return in_order(session.events.values())

    async def close(self, session_id: str) -> ClosedSession:
        session = self._find(session_id)
        session.closed_until, session.token = self._clock.monotonic() + CLOSING_SECONDS, secrets.token_hex(8)
        return ClosedSession(in_order(session.events.values()), session.token)

    async def reopen(self, session_id: str, token: str) -> None:
        session = self._sessions.get(session_id)
        if session and session.token == token:
            session.closed_until, session.token = float("-inf"), ""

    async def end(self, session_id: str, token: str) -> None:
        session = self._sessions.get(session_id)
        if session and session.token == token:
            del self._sessions[session_id]

    def _find(self, session_id: str) -> _Session:
        session = self._sessions.get(session_id)
        if session is None or session.ends_at <= self._clock.monotonic():
            self._sessions.pop(session_id, None)
            raise unknown()
        return session
