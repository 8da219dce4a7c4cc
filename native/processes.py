"""Start a program that ends when we end, and stop it for certain."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from native import leash
from native.account import Account

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


def stop(process: Process, stop_signal: signal.Signals = signal.SIGTERM, patience: float = 10) -> int:
    """Ask with `stop_signal`, wait `patience` seconds, then kill the group. Returns the exit status."""
    if process.poll() is None:
        process.send_signal(stop_signal)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait(patience)
