"""Start a program that ends when we end, and stop it for certain."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from native.account import Account

PR_SET_PDEATHSIG = 1


def _leash(signum: signal.Signals) -> Callable[[], None] | None:
    """Have the kernel send `signum` to the child when the thread that started it ends, however it ends."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return lambda: prctl(PR_SET_PDEATHSIG, signum.value)


def start(
    command: Sequence[str],
    *,
    output: IO[bytes] | int,
    account: Account | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path = Path("/"),
    stop_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start `command` in a process group of its own, with stdout and stderr going to `output`."""
    return subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=dict(os.environ if environment is None else environment),
        start_new_session=True,
        preexec_fn=_leash(stop_signal),  # noqa: PLW1509 - only a system call between fork and exec
        **(account.spawn_arguments() if account else {}),
    )


def stop(process: subprocess.Popen[bytes], stop_signal: signal.Signals = signal.SIGTERM, patience: float = 10) -> int:
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
