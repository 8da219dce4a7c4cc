"""Events to PostgreSQL's binary COPY rows, a whole block at once: a text format would cost more than drawing them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data_generator.behaviour.events import EventBlock
from recsys.domain import EventType

EVENT_COLUMNS = ("event_id", "user_id", "item_id", "type", "value", "occurred_at", "received_at")
NUMBER_DIGITS = 9
"""Of an event's number, with zeros in front: ids sort as they were drawn, and an index grows fastest at its end."""
POSTGRES_EPOCH_MILLIS = 946_684_800_000
"""2000-01-01, from which PostgreSQL counts microseconds."""
NULL = -1
NAMES = [event.value.encode() for event in EventType]
LONGEST_NAME = max(map(len, NAMES))


def event_rows(seed: int, events: EventBlock) -> bytes:
    """The rows, fields in the order of `EVENT_COLUMNS`; an event's id is `seed-<seed>-<number>`.

    Every row is first laid out at its greatest width; then the bytes that its type does without are left out.
    """
    prefix = f"seed-{seed}-".encode()
    rows = np.zeros(len(events), _layout(len(prefix) + NUMBER_DIGITS))
    rows["fields"] = len(EVENT_COLUMNS)
    for name in EVENT_COLUMNS:
        rows[f"{name}_length"] = rows.dtype[name].itemsize
    rows["event_id"] = _event_ids(prefix, events)
    rows["user_id"] = events.users + 1
    rows["item_id"] = events.items + 1
    rows["type"] = np.array(NAMES)[events.types]
    rows["type_length"] = np.array([len(name) for name in NAMES])[events.types]
    rated = ~np.isnan(events.values)
    rows["value"] = events.values
    rows["value_length"][~rated] = NULL
    rows["occurred_at"] = (events.occurred_at - POSTGRES_EPOCH_MILLIS) * 1_000
    rows["received_at"] = (events.received_at - POSTGRES_EPOCH_MILLIS) * 1_000
    flat = rows.view(np.uint8).reshape(len(rows), rows.dtype.itemsize)
    return flat[_used(rows.dtype)[events.types, rated.astype(np.int8)]].tobytes()


def _layout(id_width: int) -> np.dtype[np.void]:
    """Each field behind its length, big-endian."""
    types = (f"S{id_width}", ">i8", ">i8", f"S{LONGEST_NAME}", ">f4", ">i8", ">i8")
    lengths_and_fields = [
        pair
        for name, kind in zip(EVENT_COLUMNS, types, strict=True)
        for pair in ((f"{name}_length", ">i4"), (name, kind))
    ]
    return np.dtype([("fields", ">i2"), *lengths_and_fields])


def _event_ids(prefix: bytes, events: EventBlock) -> NDArray[np.bytes_]:
    numbers = np.arange(events.first_number, events.first_number + len(events))
    text = np.empty((len(numbers), len(prefix) + NUMBER_DIGITS), np.uint8)
    text[:, : len(prefix)] = np.frombuffer(prefix, np.uint8)
    text[:, len(prefix) :] = numbers[:, None] // 10 ** np.arange(NUMBER_DIGITS)[::-1] % 10 + ord("0")
    return text.view(f"S{text.shape[1]}")[:, 0]


def _used(layout: np.dtype[np.void]) -> NDArray[np.bool_]:
    """(types, 2, width) the bytes of a row that count, by the event's type and by whether it has a value."""
    used = np.ones((len(NAMES), 2, layout.itemsize), bool)
    offsets = {name: layout.fields[name][1] for name in EVENT_COLUMNS} if layout.fields else {}
    for code, name in enumerate(NAMES):
        used[code, :, offsets["type"] + len(name) : offsets["type"] + LONGEST_NAME] = False
    used[:, 0, offsets["value"] : offsets["value"] + layout["value"].itemsize] = False
    return used
