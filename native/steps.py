"""What a topology is made of: services that stay, and tasks that end."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from native.account import Account

PYTHON = (sys.executable, "-m")


def _nothing() -> None:
    """For a service that has nothing to prepare."""


def _never(interrupted: bool) -> str | None:
    """For a task that always has something to do."""
    del interrupted
    return None


@dataclass(frozen=True, slots=True)
class Service:
    """A process that is kept running. `prepare`, `is_ready` and `complete` may block; they run in a thread."""

    name: str
    command: tuple[str, ...]
    is_ready: Callable[[], bool]
    needs: tuple[str, ...] = ()
    prepare: Callable[[], object] = _nothing
    """Before the first start."""
    complete: Callable[[], object] = _nothing
    """Once, after it first answered; those who need the service wait for it."""
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = Path("/")
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    start_limit: float = 120.0
    """Seconds from the start of the process until it must answer."""
    stop_limit: float = 15.0
    port: int | None = None
    port_variable: str = ""
    """The variable in `.env` that moves it to another port."""
    address: str = ""
    """What to show to people; empty for a service that nobody calls."""


@dataclass(frozen=True, slots=True)
class Task:
    """A process that must end with 0."""

    name: str
    command: tuple[str, ...]
    needs: tuple[str, ...] = ()
    also_needs: tuple[str, ...] = ()
    """Waited for only if the task is not skipped."""
    skip: Callable[[bool], str | None] = _never
    """Given whether an earlier run was interrupted: why there is nothing to do, or None."""
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = Path("/")


Step = Service | Task
