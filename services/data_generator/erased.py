"""Who asked to be forgotten is not brought back by a load: neither by the own id nor by the source's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg

from recsys.pseudonyms import Pseudonyms

TABLES = ("interactions", "user_liked_items", "user_preferences", "users")


@dataclass(frozen=True, slots=True)
class Erased:
    """By keyed hashes; without any, everybody is welcome."""

    hashes: frozenset[bytes] = frozenset()
    pseudonyms: Pseudonyms = field(default_factory=lambda: Pseudonyms(b""))

    @classmethod
    def read(cls, connection: psycopg.Connection, pseudonyms: Pseudonyms) -> Erased:
        rows = connection.execute("SELECT hash FROM tombstones").fetchall()
        return cls(frozenset(buried for (buried,) in rows), pseudonyms)

    def holds(self, user_id: int) -> bool:
        return bool(self.hashes) and self.pseudonyms.user(user_id) in self.hashes

    def holds_external(self, external_id: str | None) -> bool:
        return bool(self.hashes) and external_id is not None and self.pseudonyms.external(external_id) in self.hashes

    def delete(self, connection: psycopg.Connection, users: int) -> int:
        """Take the erased among the loaded users 1..`users` out again, before anybody sees them; how many."""
        found = [user_id for user_id in range(1, users + 1) if self.holds(user_id)] if self.hashes else []
        if found:
            for table in TABLES:
                connection.execute(f"DELETE FROM {table} WHERE user_id = ANY(%s)".encode(), (found,))  # noqa: S608
        return len(found)


class UserIds:
    """The ids 1, 2, … without those of the erased: a number that a load counts to, to the id that it stores."""

    def __init__(self, is_erased: Callable[[int], bool]) -> None:
        self._is_erased = is_erased
        self._ids: list[int] = []
        self._last = 0

    def __getitem__(self, number: int) -> int:
        while len(self._ids) < number:
            self._last += 1
            if not self._is_erased(self._last):
                self._ids.append(self._last)
        return self._ids[number - 1]
