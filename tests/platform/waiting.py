"""Patience with processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from native import processes

PATIENCE_SECONDS = 60.0


def wait_until(is_ready: Callable[[], bool], process: processes.Process, log: Path) -> None:
    """Fails with the end of the log when the process ends or takes too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_ready():
        assert process.poll() is None, f"{process.args!r} ended:\n{log.read_text()[-2000:]}"
        assert time.monotonic() < deadline, f"{process.args!r} is not ready:\n{log.read_text()[-2000:]}"
        time.sleep(0.1)
