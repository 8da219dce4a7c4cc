"""Start a program that ends when we end, and stop it for certain."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from native import leash
from native.account import Account

POLL_SECONDS = 0.02

Process = subprocess.Popen[bytes]


def start(
    command: Sequence[str],
    *,
    output: IO[bytes] | int,
    account: Account | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path = Path("/"),
    stop_signal: signal.Signals = signal.SIGTERM,
) -> Process:
    """Start `command` in a process group of its own, with stdout and stderr going to `output`.

    The kernel sends it `stop_signal` when the calling thread ends: call this from a thread that lives on.
    """
    identity = f"{account.uid}:{account.gid}" if account and account.drop else ""
    tied = [sys.executable, "-IS", leash.__file__, str(os.getpid()), str(stop_signal.value), identity, *command]
    return subprocess.Popen(
        tied,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=dict(os.environ if environment is None else environment),
        start_new_session=True,
    )


def exit_status(process: Process) -> int | None:
    """None while it runs. Once it ended, what is left of its group is killed before its number is free again."""
    if process.returncode is None:
        if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return None
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


def stop(process: Process, stop_signal: signal.Signals = signal.SIGTERM, patience: float = 10) -> int:
    """Ask with `stop_signal`, wait `patience` seconds, then kill the group. Returns the exit status."""
    deadline = time.monotonic() + patience
    if exit_status(process) is None:
        process.send_signal(stop_signal)
    while (status := exit_status(process)) is None:
        if time.monotonic() > deadline:
            os.killpg(process.pid, signal.SIGKILL)
        time.sleep(POLL_SECONDS)
    return status
