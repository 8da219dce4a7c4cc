"""What the user did with each item of the history, and whether a sentence may speak of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendation_api.serving.people import Person
from recsys.domain import EventType, Interaction
from recsys.settings import EventWeights


@dataclass(frozen=True, slots=True)
class Touch:
    type: EventType
    """The event that weighs most, among those that weigh as all of them together do: for or against."""
    value: float | None = None
    """The rating."""
    named: bool = False
    """The caller named the item; nothing is known to have been done."""


NAMED_AT_SIGN_UP = Touch(EventType.LIKE)


def touches(
    person: Person, item_ids: NDArray[np.int64], liking: NDArray[np.float32], weights: EventWeights
) -> dict[int, Touch]:
    """By item, of those whose events are known; an item named at sign-up counts as liked.

    Args:
        person: whose
        item_ids: (m,) the items of the history
        liking: (m,) the weight of all events on each
        weights: of events
    """
    result = dict.fromkeys(person.liked.tolist(), NAMED_AT_SIGN_UP)
    by_type = {event: float(getattr(weights, event.value)) for event in EventType}
    side = dict(zip(item_ids.tolist(), np.sign(liking).tolist(), strict=True))
    heaviest: dict[int, float] = {}
    for event in person.events:
        weight = by_type[event.type]
        if event.type is EventType.RATING:
            weight *= (event.value or 0) - weights.rating_neutral
        aligned = weight * side.get(event.item_id, 1)
        if aligned >= heaviest.get(event.item_id, -np.inf):
            heaviest[event.item_id] = aligned
            result[event.item_id] = Touch(event.type, event.value, named=not event.event_id)
    return result


def spoken_against(person: Person, weights: EventWeights) -> set[int]:
    """Items that the user disliked, rated low the last time, or hid: whatever else happened, no sentence names them."""
    disliked = {event.item_id for event in person.events if event.type is EventType.DISLIKE}
    low = {item_id for item_id, value in _last_ratings(person.events).items() if value < weights.rating_neutral}
    return disliked | low | set(person.hidden.tolist())


def _last_ratings(events: Iterable[Interaction]) -> Mapping[int, float]:
    rated = [event for event in events if event.type is EventType.RATING and event.value is not None]
    rated.sort(key=lambda event: event.occurred_at)
    return {event.item_id: event.value for event in rated if event.value is not None}
