"""What guests do, and what becomes of it when they sign up."""

from __future__ import annotations

from dataclasses import dataclass

from recommendation_api.catalogue import CatalogueMirror
from recsys.adapters.verdicts import unknown_item
from recsys.domain import Interaction
from recsys.errors import Conflict, InvalidInput, NotFound, Unavailable
from recsys.ports import Recorded
from recsys.stores import Stores
from recsys.telemetry import SESSION_EVENTS, SESSIONS

_OUTCOMES: dict[type[Exception], str] = {
    NotFound: "not_found",
    Conflict: "conflict",
    InvalidInput: "invalid",
    Unavailable: "unavailable",
}
FAILED = "failed"


@dataclass(frozen=True, slots=True)
class GuestRecorder:
    stores: Stores
    catalogue: CatalogueMirror

    async def begin(self) -> str:
        """Raises `Unavailable`."""
        try:
            session_id = await self.stores.sessions.begin()
        except Unavailable:
            SESSIONS.labels("unavailable").inc()
            raise
        SESSIONS.labels("begun").inc()
        return session_id

    async def record(self, session_id: str, event: Interaction) -> Recorded:
        """Raises `NotFound`, for the session or the item, `Conflict`, `InvalidInput`, `Unavailable`."""
        try:
            await self._require_item(event.item_id)
            recorded = await self.stores.sessions.record(session_id, event)
        except Exception as error:
            SESSION_EVENTS.labels(_OUTCOMES.get(type(error), FAILED)).inc()
            raise
        SESSION_EVENTS.labels("duplicate" if recorded.duplicate else "stored").inc()
        return recorded

    async def _require_item(self, item_id: int) -> None:
        """The database is asked only about an item that the catalogue in memory does not know."""
        if self.catalogue.view.position(item_id) is None and not await self.stores.catalog.existing([item_id]):
            raise unknown_item(item_id)
