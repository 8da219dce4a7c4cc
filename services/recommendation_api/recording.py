"""An event is committed first, then the lists computed without it are dropped, then it is acknowledged."""

from __future__ import annotations

from collections.abc import Sequence

from recommendation_api.invalidation import Invalidation
from recsys.domain import EventType, Interaction
from recsys.errors import Conflict, InvalidInput, NotFound, Unavailable
from recsys.ports import Recorded
from recsys.stores import Stores
from recsys.telemetry import EVENTS

UNKNOWN_TYPE = "unknown"
_OUTCOMES: dict[type[Exception], str] = {
    NotFound: "not_found",
    Conflict: "conflict",
    InvalidInput: "invalid",
    Unavailable: "unavailable",
}


async def record(
    stores: Stores, invalidation: Invalidation, events: Sequence[Interaction]
) -> Sequence[Recorded | Exception]:
    """One result each, in order. Raises `Unavailable`: then nothing is stored."""
    if not events:
        return []
    try:
        results = await stores.interactions.record(events)
    except Exception as error:
        for event in events:
            count(event.type, error)
        raise
    for event, result in zip(events, results, strict=True):
        count(event.type, result)
    stored = zip(events, results, strict=True)
    await invalidation.drop({event.user_id for event, result in stored if isinstance(result, Recorded)})
    return results


def count(event_type: EventType | None, result: Recorded | Exception) -> None:
    """`event_type` is None where even that could not be read."""
    if isinstance(result, Recorded):
        outcome = "duplicate" if result.duplicate else "stored"
    else:
        outcome = _OUTCOMES.get(type(result), "failed")
    EVENTS.labels(event_type.value if event_type else UNKNOWN_TYPE, outcome).inc()
