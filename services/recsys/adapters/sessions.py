"""What a guest's session is, the same in every adapter."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import replace
from uuid import NAMESPACE_OID, uuid5

from recsys.domain import Interaction
from recsys.errors import Conflict, FieldError, NotFound

MAX_EVENTS = 500
"""Of one session."""
CLOSING_SECONDS = 60.0
"""How long a session takes no event when whoever was merging it died: longer than any merge."""
ID_BYTES = 24
FIELD = "session_id"


def new_session_id() -> str:
    """Whoever knows it is the guest: 192 random bits, 32 characters that a path can hold."""
    return secrets.token_urlsafe(ID_BYTES)


def in_order(events: Iterable[Interaction]) -> list[Interaction]:
    """Oldest first."""
    return sorted(events, key=lambda event: (event.occurred_at, event.event_id))


def unknown() -> NotFound:
    detail = "there is no such session: it has expired, was merged into an account, or never was"
    return NotFound(detail, fields=(FieldError(FIELD, detail),))


def closing() -> Conflict:
    detail = "the session is being merged into an account: send events for that user"
    return Conflict(detail, fields=(FieldError(FIELD, detail),))


def full() -> Conflict:
    detail = f"the session holds {MAX_EVENTS} events, as many as one may"
    return Conflict(detail, fields=(FieldError(FIELD, detail),))


def second_id(event: Interaction, session_hash: bytes) -> Interaction:
    """The same event by another id, always the same one: somebody else's event has its own."""
    return replace(event, event_id=str(uuid5(NAMESPACE_OID, f"{session_hash.hex()} {event.event_id}")))


def merged_elsewhere() -> Conflict:
    detail = "the session was merged into another account"
    return Conflict(detail, fields=(FieldError(FIELD, detail),))
