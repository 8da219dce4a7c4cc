"""End what a start began, and drop the data if asked to."""

from __future__ import annotations

import shutil
import signal
import time

from rich.console import Console

from native import identity, journal
from native.configuration import Configuration
from native.errors import CannotStart
from native.journal import State
from native.lock import only_one
from native.providers import database
from native.providers.postgres import STOP_SIGNAL

LIMIT = 120.0
LEFTOVER_SECONDS = 10.0
DATA = ("redis", "mlflow", "releases", "jupyter", "prometheus", "grafana", "elasticsearch")
TRUTH = "truth.npz"
"""The tastes that the generated users truly have."""


def stop(state: State, limit: float = LIMIT) -> None:
    """Ask the supervisor to end everything, and wait until it has. Raises `CannotStart` where it does not."""
    identity.signal_it(state.pid, state.born, signal.SIGTERM)
    deadline = time.monotonic() + limit
    while state.is_alive:
        if time.monotonic() > deadline:
            raise CannotStart(f"The supervisor (process {state.pid}) did not end within {limit:.0f} s; see its log.")
        time.sleep(0.1)


def clear_leftovers(state: State | None) -> None:
    """End services whose supervisor was killed: only those that are the very processes it recorded."""
    for record in reversed(list(state.processes.values())) if state else []:
        signum = STOP_SIGNAL if record.name == database.SERVICE else signal.SIGTERM
        identity.signal_it(record.pid, record.born, signum, group=record.name != database.SERVICE)
        deadline = time.monotonic() + LEFTOVER_SECONDS
        while identity.is_alive(record.pid, record.born) and time.monotonic() < deadline:
            time.sleep(0.05)
        identity.signal_it(record.pid, record.born, signal.SIGKILL, group=True)


def down(console: Console, *, drop_data: bool = False) -> int:
    configuration = Configuration.load()
    if not configuration.state_dir.exists():
        console.print("Nothing was ever started here.")
        return 0
    with only_one(configuration.run_folder):
        state = journal.read(configuration.state_file)
        if state and state.is_alive:
            began = time.monotonic()
            stop(state)
            console.print(f"Everything is stopped ({time.monotonic() - began:.1f} s).")
        else:
            console.print("RecStack was not running.")
        clear_leftovers(state)
        configuration.state_file.unlink(missing_ok=True)
        if drop_data:
            drop(configuration)
            console.print("The data is gone; ./setup.sh makes it anew.")
    return 0


def drop(configuration: Configuration) -> None:
    """Delete what native runs keep; servers of the user's own, `.env`, `.venv/` and the logs stay."""
    database.drop(configuration)
    for name in DATA:
        shutil.rmtree(configuration.state_dir / name, ignore_errors=True)
    (configuration.state_dir / TRUTH).unlink(missing_ok=True)
    for mark in configuration.run_folder.glob("*.unfinished"):
        mark.unlink()
