"""Ids of a source to ours, and when each was first seen."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice


class Numbering:
    """Ours run 1..N: in the order of the source's own file, then of first appearance in its events."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._first_at = array("d")
        self._oldest = math.inf
        self.listed = 0
        """How many have a row in a file of their own."""

    def __len__(self) -> int:
        return len(self._numbers)

    def enlist(self, external_id: str) -> bool:
        """Give the next id to a row of the file; False where an earlier row has it. Before any event."""
        known = external_id in self._numbers
        if not known:
            self._add(external_id)
            self.listed += 1
        return not known

    def meet(self, external_id: str, at: float) -> int:
        """Our id, given now if need be, of what an event at unix time `at` names."""
        number = self._numbers.get(external_id) or self._add(external_id)
        self._first_at[number - 1] = min(self._first_at[number - 1], at)
        self._oldest = min(self._oldest, at)
        return number

    def number(self, external_id: str) -> int:
        return self._numbers[external_id]

    def unlisted(self) -> Iterator[str]:
        """Those that only events name, in the order of their ids."""
        return islice(self._numbers, self.listed, None)

    def since(self, number: int) -> datetime:
        """Time of the first event; what has none is as old as the oldest. Raises `OverflowError` without any event."""
        first = self._first_at[number - 1]
        return datetime.fromtimestamp(first if first < math.inf else self._oldest, UTC)

    def _add(self, external_id: str) -> int:
        number = self._numbers[external_id] = len(self._numbers) + 1
        self._first_at.append(math.inf)
        return number
