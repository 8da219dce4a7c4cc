"""An event is committed first, then the lists computed without it are dropped, then it is acknowledged."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from recommendation_api.attribution import Attribution
from recommendation_api.forgotten import Forgotten
from recommendation_api.invalidation import Invalidation
from recsys.adapters.verdicts import erased_user
from recsys.domain import EventType, Interaction
from recsys.errors import Conflict, Erased, InvalidInput, NotFound, Unavailable
from recsys.ports import Recorded
from recsys.stores import Stores
from recsys.telemetry import EVENT_TO_EFFECT, EVENTS

UNKNOWN_TYPE = "unknown"
_OUTCOMES: dict[type[Exception], str] = {
    NotFound: "not_found",
    Erased: "erased",
    Conflict: "conflict",
    InvalidInput: "invalid",
    Unavailable: "unavailable",
}
STORED, DUPLICATE, FAILED = "stored", "duplicate", "failed"
_EVENTS = {
    (kind, outcome): EVENTS.labels(kind.value if kind else UNKNOWN_TYPE, outcome)
    for kind in (*EventType, None)
    for outcome in (STORED, DUPLICATE, *_OUTCOMES.values(), FAILED)
}


@dataclass(frozen=True, slots=True)
class Recorder:
    stores: Stores
    invalidation: Invalidation
    attribution: Attribution
    forgotten: Forgotten

    async def record(self, events: Sequence[Interaction]) -> Sequence[Recorded | Exception]:
        """One result each, in order. Raises `Unavailable`: then nothing is stored."""
        if not events:
            return []
        began = time.perf_counter()
        try:
            results = await self.stores.interactions.record(events)
        except Exception as error:
            for event in events:
                count(event.type, error)
            raise
        results = await self._tell_erased(events, results)
        await self._let_know(events, results)
        if any(isinstance(result, Recorded) for result in results):
            EVENT_TO_EFFECT.observe(time.perf_counter() - began)
        return results

    async def _tell_erased(
        self, events: Sequence[Interaction], results: Sequence[Recorded | Exception]
    ) -> Sequence[Recorded | Exception]:
        """Of the users who are not there, some were erased."""
        if not any(isinstance(result, NotFound) for result in results):
            return results
        with suppress(Unavailable):
            await self.forgotten.refresh()
        return [
            erased_user(event.user_id)
            if isinstance(result, NotFound) and self.forgotten.holds(event.user_id)
            else result
            for event, result in zip(events, results, strict=True)
        ]

    async def _let_know(self, events: Sequence[Interaction], results: Sequence[Recorded | Exception]) -> None:
        changed = set()
        for event, result in zip(events, results, strict=True):
            count(event.type, result)
            if isinstance(result, Recorded):
                changed.add(event.user_id)
                if not result.duplicate:
                    self.attribution.offer(event)
        await self.invalidation.drop(changed)


def count(event_type: EventType | None, result: Recorded | Exception) -> None:
    """`event_type` is None where even that could not be read."""
    if isinstance(result, Recorded):
        outcome = DUPLICATE if result.duplicate else STORED
    else:
        outcome = _OUTCOMES.get(type(result), FAILED)
    _EVENTS[event_type, outcome].inc()
