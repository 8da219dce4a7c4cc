"""What can be stored at all: the schema's constraints in the caller's words, the same for every adapter."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from recsys.domain import (
    GUEST,
    MAX_AGE,
    MAX_ID,
    MAX_RATING,
    MIN_AGE,
    MIN_RATING,
    EventType,
    Interaction,
    Item,
    User,
)
from recsys.errors import FieldError, InvalidInput

MAX_TITLE, MAX_DESCRIPTION, MAX_NAME, MAX_CATEGORY, MAX_EVENT_ID = 500, 20_000, 200, 100, 128
MAX_TAGS, MAX_TAG = 50, 100
MAX_PRICE = 1e10
MAX_QUALITY = 5.0

Problems = Iterator[FieldError]


def accept_item(item: Item) -> Item:
    """The item as it will be stored: price in whole cents, an empty description none.

    Raises `InvalidInput` naming each field that is off.
    """
    _refuse([*_item_problems(item)], f"item {item.item_id} cannot be stored")
    described = item.description is not None and item.description.strip()
    return replace(
        item,
        price=None if item.price is None else _cents(item.price),
        description=item.description if described else None,
    )


def accept_user(user: User) -> User:
    """The user as it will be stored, liked items in order and once. Raises `InvalidInput`."""
    _refuse([*_user_problems(user)], "the user cannot be stored")
    return replace(user, liked_item_ids=tuple(sorted(set(user.liked_item_ids))))


def accept_interaction(event: Interaction) -> Interaction:
    """The event, its recommendation id in canonical form. Raises `InvalidInput`."""
    _refuse([*_interaction_problems(event)], "the interaction cannot be stored")
    if event.recommendation_id is None:
        return event
    return replace(event, recommendation_id=str(UUID(event.recommendation_id)))


def accept_guest_event(event: Interaction) -> Interaction:
    """As `accept_interaction`, of somebody who has no id yet."""
    return replace(accept_interaction(replace(event, user_id=MAX_ID)), user_id=GUEST)


def is_text(value: str) -> bool:
    """Whether PostgreSQL can hold it: no NUL, no half of a surrogate pair."""
    return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)


def _refuse(problems: list[FieldError], what: str) -> None:
    if problems:
        reasons = "; ".join(f"{problem.field} {problem.message}" for problem in problems)
        raise InvalidInput(f"{what}: {reasons}", fields=tuple(problems))


def _item_problems(item: Item) -> Problems:
    yield from _id("item_id", item.item_id)
    yield from _text("title", item.title, MAX_TITLE)
    yield from _text("description", item.description, MAX_DESCRIPTION, may_be_blank=True)
    yield from _text("category", item.category, MAX_CATEGORY)
    yield from _text("brand", item.brand, MAX_NAME)
    yield from _text("external_id", item.external_id, MAX_NAME)
    if len(item.tags) > MAX_TAGS:
        yield FieldError("tags", f"are more than {MAX_TAGS}")
    for index, tag in enumerate(item.tags):
        yield from _text(f"tags.{index}", tag, MAX_TAG)
    yield from _number("price", item.price, 0, MAX_PRICE - 0.01)
    yield from _number("quality", item.quality, 0, MAX_QUALITY)
    for name in ("published_at", "available_from", "available_until"):
        yield from _moment(name, getattr(item, name))
    if item.available_from and item.available_until and item.available_from >= item.available_until:
        yield FieldError("available_until", "is not after available_from")


def _user_problems(user: User) -> Problems:
    yield from _number("age", user.age, MIN_AGE, MAX_AGE)
    if user.country is not None and not (len(user.country) == 2 and user.country.isascii() and user.country.isupper()):  # noqa: PLR2004
        yield FieldError("country", "is not an ISO 3166-1 alpha-2 code")
    yield from _moment("signed_up_at", user.signed_up_at)
    yield from _text("external_id", user.external_id, MAX_NAME)
    for name, liking in user.preferences.items():
        yield from _text(f"preferences.categories.{name}", name, MAX_CATEGORY, may_be_blank=True)
        yield from _number(f"preferences.categories.{name}", liking, 0, 1)
    for item_id in user.liked_item_ids:
        yield from _id("liked_item_ids", item_id)


def _interaction_problems(event: Interaction) -> Problems:
    yield from _text("event_id", event.event_id, MAX_EVENT_ID, may_be_padded=True)
    yield from _id("user_id", event.user_id)
    yield from _id("item_id", event.item_id)
    yield from _moment("occurred_at", event.occurred_at)
    if event.type is EventType.RATING:
        yield from _number("value", math.nan if event.value is None else event.value, MIN_RATING, MAX_RATING)
    elif event.value is not None:
        yield FieldError("value", "belongs to ratings only")
    if event.recommendation_id is not None and not _is_uuid(event.recommendation_id):
        yield FieldError("recommendation_id", "is not a UUID")


def _id(name: str, value: int) -> Problems:
    if not 1 <= value <= MAX_ID:
        yield FieldError(name, f"is not between 1 and {MAX_ID}")


def _text(
    name: str, value: str | None, longest: int, *, may_be_blank: bool = False, may_be_padded: bool = False
) -> Problems:
    if value is None:
        return
    if not is_text(value):
        yield FieldError(name, "holds a character that is not text")
    elif len(value) > longest:
        yield FieldError(name, f"is longer than {longest} characters")
    elif not may_be_blank and not value.strip():
        yield FieldError(name, "is empty")
    elif not (may_be_blank or may_be_padded) and value != value.strip():
        yield FieldError(name, "has space around it")


def _number(name: str, value: float | None, lowest: float, highest: float) -> Problems:
    if value is not None and not lowest <= value <= highest:
        yield FieldError(name, f"is not between {lowest} and {highest}")


def _moment(name: str, value: datetime | None) -> Problems:
    if value is not None and value.utcoffset() is None:
        yield FieldError(name, "has no time zone")


def _is_uuid(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True


def _cents(price: float) -> float:
    """As `numeric(12, 2)` rounds."""
    return float(Decimal(repr(price)).quantize(Decimal("0.01"), ROUND_HALF_UP))
