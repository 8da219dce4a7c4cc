"""What a load asks of any data set, whatever form it lies in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Protocol, TypeVar

from data_generator.importers.cells import BadRow
from data_generator.importers.rejects import Reject
from data_generator.importers.tabular import Table
from recsys.domain import EventType, Item, User

Found = TypeVar("Found")

MAX_EVENT_ID_LENGTH = 128
NO_ID_YET = 0
"""The internal id of what was read; the load gives the real one."""


@dataclass(frozen=True, slots=True)
class Event:
    """An interaction between ids of the source."""

    row: int
    event_id: str
    user: str
    item: str
    type: EventType
    value: float | None
    at: datetime


class Source(Protocol):
    """Every reading gives the same rows in the same order, users and items with their row number; `external_id` is
    set, ids are `NO_ID_YET`.

    A row that cannot be used is handed to `reject` and left out. Files are named as in the rejects.
    """

    @property
    def users_file(self) -> str | None: ...

    @property
    def items_file(self) -> str | None: ...

    @property
    def interactions_file(self) -> str: ...

    def users(self, reject: Reject) -> Iterator[tuple[int, User]]: ...

    def items(self, reject: Reject) -> Iterator[tuple[int, Item]]: ...

    def interactions(self, reject: Reject) -> Iterator[Event]: ...


def event_id(*parts: str) -> str:
    """The parts joined by `-`, the same at every load; hashed where that would be too long or ambiguous."""
    name, *rest = parts
    whole = "-".join(parts)
    if len(whole) <= MAX_EVENT_ID_LENGTH and not any("-" in part for part in rest):
        return whole
    digest = blake2b(digest_size=16)
    for part in rest:
        digest.update(f"{len(part)}:{part}".encode())
    return f"{name}-{digest.hexdigest()}"


def parsed(table: Table, reject: Reject, parse: Callable[[int, Sequence[object]], Found]) -> Iterator[Found]:
    """What `parse` makes of each row; a row that raises `BadRow` is rejected with its message."""
    for row, values in table.rows(reject):
        try:
            yield parse(row, values)
        except BadRow as reason:
            reject(table.path.name, row, str(reason), values)
