"""One bounded log file for each service."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import IO

MAX_BYTES = 10_000_000
KEPT = 2
CHUNK = 65_536


class RotatingLog:
    """Appends to `path`; past `max_bytes` the file becomes `path.1`, older ones move up and the oldest goes."""

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES, kept: int = KEPT) -> None:
        self.path = path
        self.max_bytes = max_bytes
        self.kept = kept
        self._file = path.open("ab")
        self._lock = threading.Lock()

    def write(self, data: bytes) -> None:
        with self._lock:
            if self._file.closed:
                return
            if self._file.tell() and self._file.tell() + len(data) > self.max_bytes:
                self._rotate()
            self._file.write(data)
            self._file.flush()

    def close(self) -> None:
        with self._lock:
            self._file.close()

    def _rotate(self) -> None:
        self._file.close()
        for number in range(self.kept, 0, -1):
            older = self.path if number == 1 else self._numbered(number - 1)
            if older.exists():
                older.replace(self._numbered(number))
        self._file = self.path.open("ab")

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")


def pump(source: IO[bytes], log: RotatingLog) -> threading.Thread:
    """Copy `source` into `log` until it ends, in a thread that does not keep the process alive."""

    def copy() -> None:
        with source:
            while chunk := source.read1(CHUNK):  # type: ignore[attr-defined]
                log.write(chunk)

    thread = threading.Thread(target=copy, name=f"log {log.path.stem}", daemon=True)
    thread.start()
    return thread


def last_lines(path: Path, count: int = 1, window: int = 8192) -> list[str]:
    """The last lines that are not empty; progress bars that overwrite their line count as lines."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - window))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    lines = [line.strip() for line in text.replace("\r", "\n").splitlines()]
    return [line for line in lines if line][-count:]
