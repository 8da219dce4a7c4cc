"""Tell one process from another that got the same number later."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil


def birth(pid: int) -> float | None:
    """When the process started: clock ticks since boot on Linux, which no change of the clock moves; None if gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return None
        try:
            return float(psutil.Process(pid).create_time())
        except psutil.Error:
            return None
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else float(fields[19])


def is_alive(pid: int, born: float) -> bool:
    """Whether that very process still runs."""
    return birth(pid) == born


def signal_it(pid: int, born: float, signum: signal.Signals, *, group: bool = False) -> None:
    """Send a signal to that very process (or its group), never to one that took its number."""
    if is_alive(pid, born):
        try:
            if group:
                os.killpg(pid, signum)
            else:
                os.kill(pid, signum)
        except ProcessLookupError:
            return
