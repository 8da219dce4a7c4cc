"""What the platform speaks about: users, items, events, and the lists it answers with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NotRequired, TypedDict

MAX_ID = 2**63 - 1
GUEST = 0
"""The user id of whoever has none yet."""
MAX_CLOCK_SKEW_SECONDS = 300
MIN_AGE, MAX_AGE = 13, 120
MIN_RATING, MAX_RATING = 0.5, 5.0


class EventType(StrEnum):
    """Order is the order of the codes in arrays and in PostgreSQL's enum: append, never reorder."""

    VIEW = "view"
    CLICK = "click"
    LIKE = "like"
    DISLIKE = "dislike"
    CART = "cart"
    PURCHASE = "purchase"
    RATING = "rating"


EVENT_CODES: dict[EventType, int] = {event: code for code, event in enumerate(EventType)}


class Gender(StrEnum):
    FEMALE = "female"
    MALE = "male"
    NONBINARY = "nonbinary"
    OTHER = "other"
    UNDISCLOSED = "undisclosed"


class Algorithm(StrEnum):
    """The names used everywhere: requests, flags, JSON, metrics, MLflow."""

    HYBRID = "hybrid"
    ALS = "als"
    SVD = "svd"
    USER_BASED = "user_based"
    ITEM_BASED = "item_based"
    CONTENT_BASED = "content_based"
    POPULARITY = "popularity"
    TRANSITIONS = "transitions"
    EASE = "ease"
    NCF = "ncf"


@dataclass(frozen=True, slots=True)
class User:
    user_id: int
    age: int | None = None
    gender: Gender | None = None
    country: str | None = None
    """ISO 3166-1 alpha-2."""
    signed_up_at: datetime | None = None
    external_id: str | None = None
    preferences: dict[str, float] = field(default_factory=dict)
    """Stated liking per category name, 0..1."""
    liked_item_ids: tuple[int, ...] = ()
    """Items named as liked when the user signed up."""


@dataclass(frozen=True, slots=True)
class Item:
    item_id: int
    title: str
    description: str | None = None
    category: str | None = None
    tags: tuple[str, ...] = ()
    brand: str | None = None
    price: float | None = None
    quality: float | None = None
    """Editorial or expected quality, 0..5, known without any event."""
    published_at: datetime | None = None
    available_from: datetime | None = None
    available_until: datetime | None = None
    external_id: str | None = None

    def is_available(self, at: datetime) -> bool:
        started = self.available_from is None or self.available_from <= at
        return started and (self.available_until is None or at < self.available_until)

    @property
    def text(self) -> str:
        """All that the catalogue says of it, as content models read it: in training and for an item written today."""
        return "\n".join(part for part in (self.title, self.description, *self.tags, self.brand, self.category) if part)


@dataclass(frozen=True, slots=True)
class Interaction:
    event_id: str
    user_id: int
    item_id: int
    type: EventType
    occurred_at: datetime
    value: float | None = None
    """The rating, 0.5..5; None for every other type."""
    recommendation_id: str | None = None
    timed_by_server: bool = field(default=False, compare=False)
    """The caller gave no time: `occurred_at` is no part of what was said."""


@dataclass(frozen=True, slots=True)
class HiddenItem:
    """One that its user never wants to see again."""

    item_id: int
    hidden_at: datetime


@dataclass(frozen=True, slots=True)
class GuestHistory:
    """What was done in a session, to become a user's."""

    session_hash: bytes
    """SHA-256 of the session's id: who reads the database is not the guest."""
    events: Sequence[Interaction] | None
    """None: the session is gone, and may have been merged before."""


@dataclass(frozen=True, slots=True)
class ClosedSession:
    events: Sequence[Interaction]
    """Oldest first."""
    token: str
    """Of this closing."""


class Cause(TypedDict):
    """An event of the user's own, and how much of a part's share it brought; plain as it is told: there are many."""

    item_id: int
    type: str
    """An `EventType`."""
    share: float
    without: NotRequired[float]
    """What the score would lose had the event not been, all computed anew; where that was asked for."""


@dataclass(frozen=True, slots=True)
class Part:
    """`share` of the score that `source` (an algorithm, a rule, `refill`) brought."""

    source: str
    share: float
    because: Sequence[Cause] = ()


@dataclass(frozen=True, slots=True)
class ActingRule:
    """A rule that lifted, lowered or pinned an item."""

    rule_id: int
    version: int
    name: str
    action: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The shares of `parts` sum to the score."""

    parts: tuple[Part, ...]
    rules: tuple[ActingRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Recommendation:
    rank: int
    item_id: int
    title: str
    category: str | None
    score: float
    reason: str
    explanation: Explanation | None = None


@dataclass(frozen=True, slots=True)
class Deployment:
    """One change of what is live. `action` is publish, promote or rollback."""

    version: str
    action: str
    live_from: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class ReleaseDecision:
    """What the gate decided of a training's release."""

    decided_at: datetime
    version: str | None
    """None for one that was refused: it was never published."""
    champion: str | None
    """What was live then."""
    outcome: str
    """accepted or refused."""
    reasons: Sequence[Mapping[str, str]]
    """Each with `reason`, one of a fixed few words, and `sentence`; none for what was accepted."""
    figures: Mapping[str, Any]
    """What it rests on; plain values."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """The receipt of one: nothing in it names anybody."""

    receipt_id: str
    erased_at: datetime
    removed: Mapping[str, int]
    """Rows by table, of the database that is erased from at once."""
    done: Mapping[str, datetime | None]
    """When the user was gone from each other store; None: not yet."""


@dataclass(frozen=True, slots=True)
class CategoryShare:
    category: str
    share: float
