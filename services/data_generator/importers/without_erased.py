"""A source as a load may read it: without the users who asked to be forgotten."""

from __future__ import annotations

from collections.abc import Iterator

from data_generator.erased import Erased
from data_generator.importers.rejects import Reject
from data_generator.importers.source import Event, Source
from recsys.domain import Item, User

REASON = "the user asked to be forgotten"


class WithoutErased:
    """A source whose rows about erased users are rejected, and not written down."""

    def __init__(self, source: Source, erased: Erased) -> None:
        self._source, self._erased = source, erased

    @property
    def users_file(self) -> str | None:
        return self._source.users_file

    @property
    def items_file(self) -> str | None:
        return self._source.items_file

    @property
    def interactions_file(self) -> str:
        return self._source.interactions_file

    def users(self, reject: Reject) -> Iterator[tuple[int, User]]:
        for row, user in self._source.users(reject):
            if self._erased.holds_external(user.external_id):
                reject(self.users_file or "", row, REASON)
            else:
                yield row, user

    def items(self, reject: Reject) -> Iterator[tuple[int, Item]]:
        return self._source.items(reject)

    def interactions(self, reject: Reject) -> Iterator[Event]:
        for event in self._source.interactions(reject):
            if self._erased.holds_external(event.user):
                reject(self.interactions_file, event.row, REASON)
            else:
                yield event
