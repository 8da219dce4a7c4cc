"""One start, stop or installation at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from native.errors import CannotStart
from native.places import make_folder


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the lock in `folder`; the kernel lets go of it when this process ends. Raises `CannotStart` if taken."""
    path = make_folder(folder) / "lock"
    with path.open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart("Another ./setup.sh is at work here: wait until it has finished.") from None
        yield
