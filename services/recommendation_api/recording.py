"""An event is committed first, then the lists computed without it are dropped, then it is acknowledged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import structlog

from recsys.domain import EventType, Interaction
from recsys.errors import Conflict, InvalidInput, NotFound, Unavailable
from recsys.ports import RecommendationCache, Recorded
from recsys.stores import Stores
from recsys.telemetry import EVENTS

UNKNOWN_TYPE = "unknown"
_OUTCOMES: dict[type[Exception], str] = {
    NotFound: "not_found",
    Conflict: "conflict",
    InvalidInput: "invalid",
    Unavailable: "unavailable",
}

logger = structlog.get_logger(__name__)


async def record(stores: Stores, events: Sequence[Interaction]) -> Sequence[Recorded | Exception]:
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
    await forget(stores.cache, {event.user_id for event, result in stored if isinstance(result, Recorded)})
    return results


async def forget(cache: RecommendationCache, user_ids: Iterable[int]) -> None:
    """Drop the lists of these users. While the cache is away this may fail: it forgets everything when it is back."""
    try:
        await cache.invalidate(sorted(user_ids))
    except Unavailable:
        logger.warning("cached lists are dropped once the cache is back")


def count(event_type: EventType | None, result: Recorded | Exception) -> None:
    """`event_type` is None where even that could not be read."""
    if isinstance(result, Recorded):
        outcome = "duplicate" if result.duplicate else "stored"
    else:
        outcome = _OUTCOMES.get(type(result), "failed")
    EVENTS.labels(event_type.value if event_type else UNKNOWN_TYPE, outcome).inc()
