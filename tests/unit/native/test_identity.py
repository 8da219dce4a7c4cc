from __future__ import annotations

import os
import signal
import subprocess
import sys

from native import identity

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def test_a_process_is_itself_until_it_ends() -> None:
    process = subprocess.Popen(SLEEP)
    born = identity.birth(process.pid)
    assert born is not None
    assert identity.is_alive(process.pid, born)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not identity.is_alive(process.pid, born), "a zombie runs no more"
    process.wait()
    assert identity.birth(process.pid) is None


def test_a_stranger_with_the_same_number_gets_no_signal() -> None:
    process = subprocess.Popen(SLEEP, start_new_session=True)
    born = identity.birth(process.pid)
    assert born is not None
    for group in (False, True):
        identity.signal_it(process.pid, born - 1, signal.SIGKILL, group=group)
    assert process.poll() is None
    identity.signal_it(process.pid, born, signal.SIGKILL)
    assert process.wait(5) == -signal.SIGKILL


def test_a_number_that_nobody_has_gets_no_signal() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    identity.signal_it(process.pid, 1.0, signal.SIGKILL)
