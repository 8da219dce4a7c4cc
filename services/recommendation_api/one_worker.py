"""Work that one of several workers does for all of them."""

from __future__ import annotations

import fcntl
from io import BufferedWriter
from pathlib import Path


class OneWorker:
    """The one that holds the lock file; when it goes, another takes its place."""

    def __init__(self, lock: Path | None) -> None:
        """`lock` is None for the only worker."""
        self._lock: BufferedWriter | None = lock.open("wb") if lock else None
        self._is_this = lock is None

    def is_this(self) -> bool:
        """Whether this worker has the place, or could take it just now."""
        self._is_this = self._is_this or self._take()
        return self._is_this

    def close(self) -> None:
        """Leave the place to another."""
        if self._lock:
            self._lock.close()

    def _take(self) -> bool:
        if self._lock is None:
            return True
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
