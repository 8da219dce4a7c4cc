from __future__ import annotations

import struct
from datetime import UTC, datetime

import numpy as np

from data_generator.behaviour.events import EventBlock
from data_generator.seed.event_rows import EVENT_COLUMNS, event_rows
from recsys.domain import EventType

NOON = int(datetime(2026, 3, 1, 12, 0, 0, 250_000, UTC).timestamp() * 1000)


def _decode(data: bytes) -> list[dict[str, bytes | None]]:
    """Rows of a binary COPY stream, field by field."""
    rows, at = [], 0
    while at < len(data):
        (fields,) = struct.unpack_from(">h", data, at)
        assert fields == len(EVENT_COLUMNS)
        at += 2
        row: dict[str, bytes | None] = {}
        for name in EVENT_COLUMNS:
            (length,) = struct.unpack_from(">i", data, at)
            at += 4
            row[name] = None if length < 0 else data[at : at + length]
            at += max(length, 0)
        rows.append(row)
    return rows


def test_every_type_becomes_a_row_that_postgres_reads() -> None:
    n = len(EventType)
    events = EventBlock(
        first_number=99,
        users=np.arange(n),
        items=np.arange(n) + 10**10,
        types=np.arange(n, dtype=np.int8),
        values=np.where(np.arange(n) == n - 1, 3.5, np.nan),
        occurred_at=np.full(n, NOON),
        received_at=np.full(n, NOON + 1),
    )
    rows = _decode(event_rows(7, events))
    assert [row["type"] for row in rows] == [event.value.encode() for event in EventType]
    assert [row["event_id"] for row in rows] == [f"seed-7-{number:09}".encode() for number in range(99, 99 + n)]
    assert [row["value"] for row in rows] == [None] * (n - 1) + [struct.pack(">f", 3.5)]
    assert rows[2]["user_id"] == struct.pack(">q", 3)
    assert rows[2]["item_id"] == struct.pack(">q", 10**10 + 3)
    since_2000 = int((datetime(2026, 3, 1, 12, tzinfo=UTC) - datetime(2000, 1, 1, tzinfo=UTC)).total_seconds())
    assert rows[0]["occurred_at"] == struct.pack(">q", since_2000 * 10**6 + 250_000)
    assert rows[0]["received_at"] == struct.pack(">q", since_2000 * 10**6 + 251_000)


def test_moments_before_2000_are_negative() -> None:
    one = np.zeros(1, np.int64)
    events = EventBlock(1, one, one, one.astype(np.int8), np.array([np.nan]), one, one)
    row = _decode(event_rows(0, events))[0]
    assert row["occurred_at"] == struct.pack(">q", -946_684_800 * 10**6)
