"""Any table of interactions, with or without tables of items and users beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from data_generator.importers import cells
from data_generator.importers.attributes import read_item, read_user
from data_generator.importers.cells import BadRow
from data_generator.importers.mapping import MappedTable
from data_generator.importers.rejects import Reject
from data_generator.importers.source import (
    MAX_EVENT_ID_LENGTH,
    Event,
    event_id,
    parsed,
)
from recsys.domain import MAX_RATING, MIN_RATING, EventType, Item, User
from recsys.errors import DataRefused

EVENT_WORDS: Mapping[str, EventType] = {event.value: event for event in EventType}


@dataclass(frozen=True, slots=True)
class Reading:
    """What the flags say about rows that do not say it themselves."""

    now: datetime
    """Events from later than this are refused."""
    default_type: EventType | None = None
    scale: tuple[float, float] | None = None
    """Lowest and highest rating of the source; None where they are ours."""
    default_at: datetime | None = None
    event_words: Mapping[str, EventType] = field(default_factory=dict)
    """What the source calls the types, beside our own names."""


class TableSource:
    """Raises `DataRefused` where files and flags together leave a type, a value or a time unsaid."""

    def __init__(
        self, interactions: MappedTable, items: MappedTable | None, users: MappedTable | None, reading: Reading
    ) -> None:
        _check(interactions, reading)
        self._interactions, self._items, self._users, self._reading = interactions, items, users, reading
        has_value = "value" in interactions.positions
        self._default_type = reading.default_type or (
            EventType.RATING if has_value and "type" not in interactions.positions else None
        )
        self._only_type = None if "type" in interactions.positions else self._default_type
        self._words = {**EVENT_WORDS, **reading.event_words}

    @property
    def users_file(self) -> str | None:
        return self._users.table.path.name if self._users else None

    @property
    def items_file(self) -> str | None:
        return self._items.table.path.name if self._items else None

    @property
    def interactions_file(self) -> str:
        return self._interactions.table.path.name

    def users(self, reject: Reject) -> Iterator[tuple[int, User]]:
        if self._users:
            yield from parsed(self._users.table, reject, partial(read_user, self._users, now=self._reading.now))

    def items(self, reject: Reject) -> Iterator[tuple[int, Item]]:
        if self._items:
            yield from parsed(self._items.table, reject, partial(read_item, self._items))

    def interactions(self, reject: Reject) -> Iterator[Event]:
        yield from parsed(self._interactions.table, reject, self._event)

    def _event(self, row: int, values: Sequence[object]) -> Event:
        cell = self._interactions.cell
        user = cells.required_id(cell(values, "user_id"), "user_id")
        item = cells.required_id(cell(values, "item_id"), "item_id")
        event = self._type(cell(values, "type"))
        value = self._value(event, cell(values, "value"))
        at = cells.past_moment(cell(values, "timestamp"), "timestamp", self._reading.now) or self._reading.default_at
        if at is None:
            raise BadRow("timestamp is empty")
        name = cells.text(cell(values, "event_id"), "event_id", longest=MAX_EVENT_ID_LENGTH)
        return Event(row, name or self._event_id(user, item, event, at), user, item, event, value, at)

    def _type(self, cell: object) -> EventType:
        if self._only_type:
            return self._only_type
        word = cells.text(cell, "type", longest=200)
        event = self._default_type if word is None else self._words.get(word) or self._words.get(word.lower())
        if event is None:
            raise BadRow("type is empty" if word is None else f"type is none of {', '.join(self._words)}")
        return event

    def _value(self, event: EventType, cell: object) -> float | None:
        if event is not EventType.RATING and self._only_type:
            return None
        lowest, highest = self._reading.scale or (MIN_RATING, MAX_RATING)
        value = cells.number(cell, "value", lowest=lowest, highest=highest)
        if event is EventType.RATING:
            if value is None:
                raise BadRow("value is empty, and a rating needs one")
            return round(MIN_RATING + (value - lowest) / (highest - lowest) * (MAX_RATING - MIN_RATING), 6)
        if value is not None:
            raise BadRow("value stands on a type that has none: only ratings do")
        return None

    def _event_id(self, user: str, item: str, event: EventType, at: datetime) -> str:
        seconds = f"{at.timestamp():.6f}".rstrip("0").rstrip(".")
        return event_id(self._interactions.table.path.stem[:40], user, item, event.value, seconds)


def _check(interactions: MappedTable, reading: Reading) -> None:
    positions, explicit = interactions.positions, interactions.explicit
    name = interactions.table.path
    if "type" not in positions and "value" not in positions and reading.default_type is None:
        raise DataRefused(
            f"{name} has neither a type nor a value column: say what its rows are with --type view (click, like, …), "
            "or name the column with --map interactions.type=COLUMN."
        )
    if "type" not in positions and reading.default_type is EventType.RATING and "value" not in positions:
        raise DataRefused(f"{name} has no column 'value': --map interactions.value=COLUMN names the ratings.")
    if "type" not in positions and reading.default_type not in {None, EventType.RATING} and "value" in explicit:
        raise DataRefused("--map names a value, but only ratings have one: leave it out, or say --type rating.")
    if "timestamp" not in positions and reading.default_at is None:
        raise DataRefused(
            f"{name} has no column 'timestamp': --map interactions.timestamp=COLUMN names it, "
            "or --at TIME gives all rows one time."
        )
    if reading.scale and not reading.scale[0] < reading.scale[1]:
        raise DataRefused("--scale takes the lowest rating of the source, then the highest.")
