"""What is known of the users of a batch at the moment of computing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from recommendation_api.serving.ids import locate
from recsys.algorithms.base import Histories
from recsys.demographics import groups_of
from recsys.domain import EVENT_CODES, GUEST, EventType, HiddenItem, Interaction, User
from recsys.ports import HiddenItems, InteractionLog, Users
from recsys.preferences import Events, to_histories
from recsys.release import Release
from recsys.settings import EventWeights

PRIOR_EVENTS = 5
"""What somebody said at sign-up fades with each event and is gone with this many."""


@dataclass(frozen=True, slots=True)
class Person:
    user_id: int
    n_events: int
    seen: NDArray[np.int64]
    """Ids of the touched items, also those that the release does not know; may repeat."""
    events: Sequence[Interaction] = ()
    preferences: Mapping[str, float] = field(default_factory=dict)
    liked: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    """Ids of the items liked at sign-up."""
    signed_up_at: datetime | None = None
    hidden: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    """Ids of the items that the user never wants to see again."""
    groups: Mapping[str, str] = field(default_factory=dict)
    """What the user stated of age, gender and country; see `recsys.demographics`."""

    @property
    def fade(self) -> float:
        """1 before the first event, 0 from `PRIOR_EVENTS` on."""
        return max(0.0, 1.0 - self.n_events / PRIOR_EVENTS)


def known_later(user_id: int) -> Person:
    """A user whose history is still to be loaded."""
    return Person(user_id, 0, np.empty(0, np.int64))


def guest(events: Sequence[Interaction]) -> Person:
    """Whoever did this and has no account."""
    return Person(GUEST, len(events), np.fromiter((event.item_id for event in events), np.int64, len(events)), events)


@dataclass(frozen=True, slots=True)
class Crowd:
    """The users of a batch, a row each in `histories`."""

    people: Sequence[Person]
    histories: Histories


async def load_people(
    log: InteractionLog, users: Users, hidden_items: HiddenItems, user_ids: Sequence[int]
) -> list[Person]:
    """One query for every history, one for what is hidden; whoever has few events is looked up too. Raises
    `Unavailable`.
    """
    histories, hidden = await asyncio.gather(log.histories(user_ids), hidden_items.of(user_ids))
    newcomers = [user_id for user_id in user_ids if len(histories[user_id]) < PRIOR_EVENTS]
    stated = dict(zip(newcomers, await asyncio.gather(*map(users.get, newcomers)), strict=True))
    people = [_person(user_id, histories[user_id], stated.get(user_id)) for user_id in user_ids]
    return [_hiding(person, hidden[person.user_id]) if hidden[person.user_id] else person for person in people]


def _hiding(person: Person, hidden: Sequence[HiddenItem]) -> Person:
    return replace(person, hidden=np.fromiter((each.item_id for each in hidden), np.int64, len(hidden)))


def _person(user_id: int, events: Sequence[Interaction], user: User | None) -> Person:
    seen = np.fromiter((event.item_id for event in events), np.int64, len(events))
    if user is None:
        return Person(user_id, len(events), seen, events)
    liked = np.array(sorted(set(user.liked_item_ids).difference(seen.tolist())), np.int64)
    return Person(
        user_id, len(events), seen, events, user.preferences, liked, user.signed_up_at, groups=groups_of(user)
    )


def crowd(people: Sequence[Person], item_ids: NDArray[np.int64], weights: EventWeights) -> Crowd:
    """Histories over the columns `item_ids`; items liked at sign-up count as liked once while they are all we have."""
    events = [_columns(row, person) for row, person in enumerate(people)]
    rows, items, types, values, at = (np.concatenate(parts) for parts in zip(*events, strict=True))
    columns = locate(item_ids, items)
    known = Events(rows, columns, types, values, at).where(columns >= 0)
    return Crowd(people, to_histories(known, n_users=len(people), n_items=len(item_ids), weights=weights))


EventColumns = tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int8], NDArray[np.float32], NDArray[np.float64]]


def _columns(row: int, person: Person) -> EventColumns:
    events, liked = person.events, person.liked
    n = len(events) + len(liked)
    signed_up = person.signed_up_at.timestamp() if person.signed_up_at else 0.0
    types = [EVENT_CODES[event.type] for event in events] + [EVENT_CODES[EventType.LIKE]] * len(liked)
    values = [np.nan if event.value is None else event.value for event in events] + [np.nan] * len(liked)
    at = [event.occurred_at.timestamp() for event in events] + [signed_up] * len(liked)
    return (
        np.full(n, row, np.int32),
        np.concatenate([person.seen, liked]),
        np.array(types, np.int8),
        np.array(values, np.float32),
        np.array(at, np.float64),
    )


def last_known(release: Release, user_ids: Sequence[int], *, anybody: bool = True) -> Crowd:
    """The same from the release alone, for when PostgreSQL is away; of nobody unless `anybody`: who was erased since
    the training has never been read.
    """
    rows = locate(release.user_ids, np.array(user_ids, np.int64))
    known = (rows >= 0) & anybody
    nobody = Histories.empty(len(rows), len(release.item_ids))
    histories = release.histories.rows(rows[known])
    if not known.all():
        histories = _spread(histories, known, nobody)
    indptr, indices = histories.weights.indptr, histories.weights.indices
    touched = [release.item_ids[indices[indptr[row] : indptr[row + 1]]] for row in range(len(rows))]
    people = [Person(user_id, len(seen), seen) for user_id, seen in zip(user_ids, touched, strict=True)]
    return Crowd(people, histories)


def _spread(histories: Histories, known: NDArray[np.bool_], nobody: Histories) -> Histories:
    """Put empty rows where `known` is False."""
    weights, ratings = nobody.weights.copy(), nobody.ratings.copy()
    for spread, packed in ((weights, histories.weights), (ratings, histories.ratings)):
        lengths = np.zeros(len(known), np.int64)
        lengths[known] = np.diff(packed.indptr)
        spread.indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(packed.indptr.dtype)
        spread.indices, spread.data = packed.indices, packed.data
    return Histories(weights, histories.last_at, ratings)
