"""Start everything, show it, and leave the supervisor behind; or undo it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from rich.console import Console

from native import board, identity, journal, preflight, topology
from native.configuration import Configuration
from native.down import clear_leftovers, stop
from native.errors import CannotStart
from native.journal import Journal, State
from native.lock import only_one
from native.places import ROOT, make_folder
from native.steps import Service
from native.supervisor import Supervisor

LOOK_SECONDS = 0.1
BIRTH_LIMIT = 20.0
INTERRUPTED = 130
"""What a shell says of a command that ended on Ctrl-C."""


def up(console: Console, *, with_jupyter: bool) -> int:
    """0 when every service answers, 130 after an interruption; raises `CannotStart` with nothing left running."""
    configuration = Configuration.load()
    with only_one(configuration.run_folder):
        state = journal.read(configuration.state_file)
        if state and state.is_alive:
            console.print("RecStack is running already.")
            return report(console, configuration, with_jupyter=state.jupyter)
        services = topology.services(topology.steps(configuration, with_jupyter=with_jupyter))
        clear_leftovers(state)
        preflight.check(services, configuration.state_dir, configuration.logs_folder, configuration.run_folder)
        began = time.monotonic()
        if not _start(console, configuration, with_jupyter=with_jupyter):
            console.print("Stopped; nothing is left running.")
            return INTERRUPTED
        console.print(f"\nRecStack is up after {time.monotonic() - began:.1f} s.")
        return report(console, configuration, with_jupyter=with_jupyter)


def report(console: Console, configuration: Configuration, *, with_jupyter: bool) -> int:
    services: list[Service] = topology.services(topology.steps(configuration, with_jupyter=with_jupyter))
    console.print(board.addresses(services), soft_wrap=True)
    console.print(
        f"Next: python3 demo.py · ./setup.sh status · ./setup.sh stop · logs in {configuration.logs_folder}",
        soft_wrap=True,
    )
    return 0 if all(service.is_ready() for service in services) else 1


def supervise(*, with_jupyter: bool, front: int) -> int:
    """The supervisor's own process: returns when everything has ended."""
    configuration = Configuration.load()
    parts = topology.steps(configuration, with_jupyter=with_jupyter)
    record = Journal(configuration.state_file, [part.name for part in parts], jupyter=with_jupyter)
    supervisor = Supervisor(parts, record, logs=configuration.logs_folder, run=configuration.run_folder, front=front)
    return asyncio.run(supervisor.run())


def _start(console: Console, configuration: Configuration, *, with_jupyter: bool) -> bool:
    """False if it was interrupted and undone."""
    configuration.state_file.unlink(missing_ok=True)
    process = _detach(configuration, with_jupyter=with_jupyter)
    try:
        with _signals_interrupt(), board.Board(console, configuration.logs_folder) as shown:
            state = _follow(configuration, process, shown)
    except KeyboardInterrupt:
        console.print("\nStopping what was started …")
        _undo(configuration, process)
        return False
    if state.phase != journal.RUNNING:
        process.wait(timeout=60)
        raise CannotStart(state.error or "The start was stopped from elsewhere.")
    return True


def _detach(configuration: Configuration, *, with_jupyter: bool) -> subprocess.Popen[bytes]:
    flags = [] if with_jupyter else ["--no-jupyter"]
    path = make_folder(configuration.logs_folder) / "supervisor.log"
    with path.open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "native", "supervise", "--front", str(os.getpid()), *flags],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=ROOT,
            start_new_session=True,
        )


def _follow(configuration: Configuration, process: subprocess.Popen[bytes], shown: board.Board) -> State:
    deadline = time.monotonic() + BIRTH_LIMIT
    while True:
        state = journal.read(configuration.state_file)
        if state and state.pid == process.pid:
            shown.show(state)
            if state.phase not in {journal.STARTING, journal.STOPPING}:
                return state
        elif time.monotonic() > deadline:
            raise CannotStart(f"The supervisor did not start; see {configuration.logs_folder / 'supervisor.log'}.")
        if process.poll() is not None:
            ended = journal.read(configuration.state_file)
            if ended and ended.phase in {journal.FAILED, journal.STOPPED}:
                return ended
            raise CannotStart(f"The supervisor ended; see {configuration.logs_folder / 'supervisor.log'}.")
        time.sleep(LOOK_SECONDS)


def _undo(configuration: Configuration, process: subprocess.Popen[bytes]) -> None:
    """End what this start began; further signals wait until that is done."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)
    state = journal.read(configuration.state_file)
    if state and state.pid == process.pid:
        stop(state)
    elif born := identity.birth(process.pid):
        identity.signal_it(process.pid, born, signal.SIGTERM)
    process.wait(timeout=60)


@contextmanager
def _signals_interrupt() -> Iterator[None]:
    """SIGTERM and SIGHUP undo the start as Ctrl-C does."""

    def interrupt(signum: int, frame: FrameType | None) -> None:
        del signum, frame
        raise KeyboardInterrupt

    before = {signum: signal.signal(signum, interrupt) for signum in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
