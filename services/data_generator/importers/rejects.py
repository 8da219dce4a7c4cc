"""The rows that could not be used, with their reasons, in a CSV file of their own."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

HEADER = ("file", "row", "reason", "content")


class Reject(Protocol):
    def __call__(self, file: str, row: int, reason: str, content: Sequence[object] = ()) -> None:
        """Write down that `row` (line of a text file, row of a Parquet file, from 1) of `file` is not used."""
        ...


def ignore(file: str, row: int, reason: str, content: Sequence[object] = ()) -> None:
    """For a second reading: the first one wrote it down."""


class Rejects:
    """Appears on disk with the first rejected row; holds counts, never rows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.reasons: Counter[tuple[str, str]] = Counter()
        """How many rows by (file, reason)."""
        self._file: Any = None
        self._writer: Any = None

    def __call__(self, file: str, row: int, reason: str, content: Sequence[object] = ()) -> None:
        if self._writer is None:
            self._file = self.path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
            self._writer = csv.writer(self._file)
            self._writer.writerow(HEADER)
        self._writer.writerow((file, row, reason, "\t".join("" if cell is None else str(cell) for cell in content)))
        self.reasons[file, reason] += 1

    def count(self, file: str) -> int:
        return sum(count for (name, _), count in self.reasons.items() if name == file)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


@contextmanager
def rejects_file(path: Path) -> Iterator[Rejects]:
    rejects = Rejects(path)
    try:
        yield rejects
    finally:
        rejects.close()
