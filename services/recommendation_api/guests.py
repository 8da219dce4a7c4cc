"""What guests do, and what becomes of it when they sign up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

from recommendation_api.catalogue import CatalogueMirror
from recsys.adapters.verdicts import unknown_item
from recsys.domain import ClosedSession, GuestHistory, Interaction, User
from recsys.errors import Conflict, InvalidInput, NotFound, RecstackError, Unavailable
from recsys.ports import Recorded
from recsys.stores import Stores
from recsys.telemetry import SESSION_EVENTS, SESSIONS

_OUTCOMES: dict[type[Exception], str] = {
    NotFound: "not_found",
    Conflict: "conflict",
    InvalidInput: "invalid",
    Unavailable: "unavailable",
}
STORED, DUPLICATE, FAILED = "stored", "duplicate", "failed"
_EVENTS = {outcome: SESSION_EVENTS.labels(outcome) for outcome in (STORED, DUPLICATE, *_OUTCOMES.values(), FAILED)}
_BEGUN, _MERGED, _REFUSED, _UNAVAILABLE = (
    SESSIONS.labels(outcome) for outcome in ("begun", "merged", "refused", "unavailable")
)


@dataclass(frozen=True, slots=True)
class GuestRecorder:
    stores: Stores
    catalogue: CatalogueMirror

    async def begin(self) -> str:
        """Raises `Unavailable`."""
        try:
            session_id = await self.stores.sessions.begin()
        except Unavailable:
            _UNAVAILABLE.inc()
            raise
        _BEGUN.inc()
        return session_id

    async def record(self, session_id: str, event: Interaction) -> Recorded:
        """Raises `NotFound`, for the session or the item, `Conflict`, `InvalidInput`, `Unavailable`."""
        try:
            await self._require_item(event.item_id)
            recorded = await self.stores.sessions.record(session_id, event)
        except Exception as error:
            _EVENTS[_OUTCOMES.get(type(error), FAILED)].inc()
            raise
        _EVENTS[DUPLICATE if recorded.duplicate else STORED].inc()
        return recorded

    async def merge(self, session_id: str | None, store: Callable[[GuestHistory | None], Awaitable[User]]) -> User:
        """What `store` makes of the user, the session's events, if one is named, becoming the user's with it.

        The session takes no event from before its events are read to the end. Where `store` refuses, it goes on; where
        nobody knows what became of it, it stays shut for a while, and a repeat does what is left to do.

        Raises what `store` does, `Unavailable` where sessions cannot be read.
        """
        if session_id is None:
            return await store(None)
        closed = await self._close(session_id)
        history = GuestHistory(sha256(session_id.encode()).digest(), closed.events if closed else None)
        try:
            user = await store(history)
        except RecstackError as error:
            (_UNAVAILABLE if isinstance(error, Unavailable) else _REFUSED).inc()
            if closed and not isinstance(error, Unavailable):
                await self._let(self.stores.sessions.reopen(session_id, closed.token))
            raise
        _MERGED.inc()
        if closed:
            await self._let(self.stores.sessions.end(session_id, closed.token))
        return user

    async def _close(self, session_id: str) -> ClosedSession | None:
        """None for one that is gone."""
        try:
            return await self.stores.sessions.close(session_id)
        except NotFound:
            return None
        except Unavailable:
            _UNAVAILABLE.inc()
            raise

    async def _let(self, change: Awaitable[None]) -> None:
        """What fails here mends itself: a shut session opens after a while, and a repeated merge adds nothing."""
        with suppress(Unavailable):
            await change

    async def _require_item(self, item_id: int) -> None:
        """The database is asked only about an item that the catalogue in memory does not know."""
        if self.catalogue.view.position(item_id) is None and not await self.stores.catalog.existing([item_id]):
            raise unknown_item(item_id)
