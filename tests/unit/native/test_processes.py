from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from native import identity, processes

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""
STARTER = """
import sys, time
from pathlib import Path
from native import processes
process = processes.start([sys.executable, "-c", "import time; time.sleep(60)"], output=-3)
print(process.pid, flush=True)
time.sleep(60)
"""


def _start(code: str) -> tuple[processes.Process, str]:
    process = processes.start([sys.executable, "-c", code], output=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout:
        return process, process.stdout.readline().decode().strip()


def _wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 5
    while identity.birth(pid) is not None:
        assert time.monotonic() < deadline, f"process {pid} lives on"
        time.sleep(0.02)


def test_who_ignores_the_request_is_killed() -> None:
    process, _ = _start(STUBBORN)
    began = time.monotonic()
    assert processes.stop(process, patience=0.3) == -signal.SIGKILL
    assert time.monotonic() - began < 5


def test_children_go_with_their_parent() -> None:
    process, child = _start(PARENT)
    processes.stop(process)
    _wait_until_gone(int(child))


def test_children_of_a_process_that_died_go_when_that_is_noticed() -> None:
    process, child = _start(PARENT)
    os.kill(process.pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while (status := processes.exit_status(process)) is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert status == -signal.SIGKILL
    _wait_until_gone(int(child))


def test_a_process_does_not_outlive_its_starter() -> None:
    with subprocess.Popen([sys.executable, "-c", STARTER], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        child = int(starter.stdout.readline())
        assert identity.birth(child) is not None
        starter.kill()
    _wait_until_gone(child)


def test_a_program_that_is_not_there_says_so(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = processes.start([str(tmp_path / "absent")], output=output)
    assert process.wait(5) == 1
    assert "No such file" in log.read_text()


@pytest.mark.parametrize("status", [0, 7])
def test_the_exit_status_is_the_programs(status: int) -> None:
    process = processes.start([sys.executable, "-c", f"raise SystemExit({status})"], output=subprocess.DEVNULL)
    assert processes.stop(process) in {status, -signal.SIGTERM}
    process = processes.start([sys.executable, "-c", f"raise SystemExit({status})"], output=subprocess.DEVNULL)
    process.wait()
    assert processes.exit_status(process) == status
