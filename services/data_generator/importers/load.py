"""A source into PostgreSQL: ids given, events checked for repeats, everything in one transaction.

Rows stream through; what stays in memory is one id for each user and item.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import psycopg

from data_generator.erased import Erased, UserIds
from data_generator.importers.numbering import Numbering
from data_generator.importers.rejects import Reject, ignore
from data_generator.importers.source import Source
from data_generator.importers.without_erased import WithoutErased
from data_generator.loading import bulk_load, copy_rows, deferred_checks
from recsys.domain import Item, User
from recsys.errors import DataRefused
from recsys.pseudonyms import Pseudonyms

Listed = TypeVar("Listed", User, Item)

CREATE_INCOMING = """
CREATE TEMPORARY TABLE incoming (
    row_number bigint, event_id text, user_id bigint, item_id bigint, type event_type, value real,
    occurred_at timestamptz
) ON COMMIT DROP
"""
INCOMING = ("row_number", "event_id", "user_id", "item_id", "type", "value", "occurred_at")
REPEATS = """
SELECT row_number, event_id, first_row FROM (
    SELECT row_number, event_id, min(row_number) OVER (PARTITION BY event_id) AS first_row FROM incoming
) numbered WHERE row_number > first_row ORDER BY row_number
"""
KEEP = """
INSERT INTO interactions (event_id, user_id, item_id, type, value, occurred_at)
SELECT DISTINCT ON (event_id) event_id, user_id, item_id, type, value, occurred_at
FROM incoming ORDER BY event_id, row_number
"""
USER_COLUMNS = ("user_id", "external_id", "age", "gender", "country", "signed_up_at")
ITEM_COLUMNS = (
    "item_id",
    "external_id",
    "title",
    "description",
    "category_id",
    "tags",
    "brand",
    "price",
    "quality",
    "published_at",
    "available_from",
    "available_until",
)

PROGRESS_EVERY = 5_000

Progress = Callable[[str, int], None]
"""Told the stage and how many of its rows are done."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Rows in the database now; the listed ones came from a file of their own."""

    users: int
    items: int
    interactions: int
    categories: int
    listed_users: int
    listed_items: int


def load(
    source: Source, database_url: str, *, replace: bool, reject: Reject, progress: Progress, pseudonyms: Pseudonyms
) -> Loaded:
    """All of it or nothing; erased users stay away. Raises `DataRefused` also where no interaction can be used."""
    with bulk_load(database_url, replace=replace) as connection:
        erased = Erased.read(connection, pseudonyms)
        return _Load(connection, WithoutErased(source, erased), reject, progress, UserIds(erased.holds)).run()


class _Load:
    def __init__(
        self, connection: psycopg.Connection, source: Source, reject: Reject, progress: Progress, user_ids: UserIds
    ) -> None:
        self._user_ids = user_ids
        self._connection, self._source, self._reject, self._progress = connection, source, reject, progress
        self._users, self._items = Numbering(), Numbering()
        self._categories: dict[str, int] = {}

    def run(self) -> Loaded:
        self._number_the_listed()
        interactions = self._take_events()
        if not interactions:
            raise DataRefused(f"No row of {self._source.interactions_file} can be used; nothing was loaded.")
        self._copy("categories", ("category_id", "name"), ((number, name) for name, number in self._categories.items()))
        self._copy("users", USER_COLUMNS, self._user_rows())
        self._copy("items", ITEM_COLUMNS, self._item_rows())
        self._progress("indexing", 0)
        with deferred_checks(self._connection, "interactions"):
            self._connection.execute(KEEP)
        return Loaded(
            users=len(self._users),
            items=len(self._items),
            interactions=interactions,
            categories=len(self._categories),
            listed_users=self._users.listed,
            listed_items=self._items.listed,
        )

    def _number_the_listed(self) -> None:
        for row, user in self._source.users(self._reject):
            if not self._users.enlist(str(user.external_id)):
                self._reject(self._source.users_file or "", row, "user_id repeats an earlier row", [user.external_id])
        for row, item in self._source.items(self._reject):
            if not self._items.enlist(str(item.external_id)):
                self._reject(self._source.items_file or "", row, "item_id repeats an earlier row", [item.external_id])
            elif item.category:
                self._categories.setdefault(item.category, len(self._categories) + 1)

    def _take_events(self) -> int:
        """Put every usable event aside, reject repeats; how many are left."""
        self._connection.execute(CREATE_INCOMING)
        taken = copy_rows(self._connection, "incoming", INCOMING, self._event_rows())
        with self._connection.cursor("repeats") as repeats:
            for row, event_id, first in repeats.execute(REPEATS):
                content = (event_id, f"first in row {first}")
                self._reject(self._source.interactions_file, row, "the event repeats an earlier row", content)
                taken -= 1
        return taken

    def _event_rows(self) -> Iterator[Sequence[object]]:
        for count, event in enumerate(self._source.interactions(self._reject), 1):
            at = event.at.timestamp()
            user, item = self._users.meet(event.user, at), self._items.meet(event.item, at)
            yield event.row, event.event_id, self._user_ids[user], item, event.type.value, event.value, event.at
            if not count % PROGRESS_EVERY:
                self._progress("interactions", count)

    def _user_rows(self) -> Iterator[Sequence[object]]:
        for number, external_id, user in _numbered(self._source.users(ignore), self._users):
            user_id = self._user_ids[number]
            if user is None:
                yield user_id, external_id, None, None, None, self._users.since(number)
            else:
                joined = user.signed_up_at or self._users.since(number)
                yield user_id, external_id, user.age, user.gender and user.gender.value, user.country, joined

    def _item_rows(self) -> Iterator[Sequence[object]]:
        for number, external_id, listed in _numbered(self._source.items(ignore), self._items):
            item = listed or Item(number, external_id, external_id=external_id)
            yield (
                number,
                external_id,
                item.title,
                item.description,
                self._categories.get(item.category or ""),
                list(item.tags),
                item.brand,
                item.price,
                item.quality,
                item.published_at or self._items.since(number),
                item.available_from,
                item.available_until,
            )

    def _copy(self, table: str, columns: Sequence[str], rows: Iterator[Sequence[object]]) -> None:
        self._progress(table, copy_rows(self._connection, table, columns, rows))


def _numbered(listed: Iterator[tuple[int, Listed]], numbering: Numbering) -> Iterator[tuple[int, str, Listed | None]]:
    """The second reading: (our id, source's id, what the file says of it), those that no file lists at the end."""
    written = 0
    for _, entry in listed:
        external_id = str(entry.external_id)
        if numbering.number(external_id) == written + 1:
            written += 1
            yield written, external_id, entry
    for external_id in numbering.unlisted():
        yield numbering.number(external_id), external_id, None
