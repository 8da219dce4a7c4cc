from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from recommendation_api.metrics import FOLDER_VARIABLE, exposition, leave_metrics, share_metrics

WORKER = """
import sys
from recommendation_api.metrics import leave_metrics
from recsys.telemetry import DEPENDENCY_UP, REQUESTS
REQUESTS.labels("/x", "GET", "200", "").inc(int(sys.argv[1]))
DEPENDENCY_UP.labels("redis").set(int(sys.argv[2]))
if sys.argv[3] == "stopped":
    leave_metrics()
"""
WAITING = """
print("up", flush=True)
sys.stdin.read()
"""
READER = "from recommendation_api.metrics import exposition; import recsys.telemetry; print(exposition().decode())"


def run(folder: Path, code: str, *arguments: str) -> str:
    environment = os.environ | {FOLDER_VARIABLE: str(folder), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=60).stdout


def value(text: str, name: str) -> float | None:
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found.group(1)) if found else None


@pytest.mark.parametrize("ending", ["stopped", "killed"])
def test_counts_of_all_workers_are_added_up_and_gauges_of_the_gone_are_not(tmp_path: Path, ending: str) -> None:
    run(tmp_path, WORKER, "3", "0", ending)
    run(tmp_path, WORKER, "4", "0", ending)
    text = run(tmp_path, READER)
    assert value(text, 'recstack_requests_total{algorithm="",method="GET",route="/x",status="200"}') == 7
    assert value(text, 'recstack_dependency_up{dependency="redis"}') is None


def test_what_the_trainer_feeds_is_not_on_the_apis_page(tmp_path: Path) -> None:
    run(tmp_path, WORKER, "1", "0", "stopped")
    assert "recstack_requests" in run(tmp_path, READER)
    assert "recstack_training" not in run(tmp_path, READER)
    assert "recstack_training" not in exposition().decode()


def test_a_failure_is_told_before_it_happens_so_that_the_first_is_growth(tmp_path: Path) -> None:
    run(tmp_path, "from recsys.telemetry import failures_at_zero; failures_at_zero()")
    text = run(tmp_path, READER)
    assert value(text, 'recstack_background_errors_total{task="coverage"}') == 0
    assert value(text, 'recstack_dependency_errors_total{dependency="redis"}') == 0
    assert value(text, 'recstack_degraded_answers_total{dependency="postgres"}') == 0


def test_what_living_workers_take_is_added_up(tmp_path: Path) -> None:
    taken = []
    with ExitStack() as stack:
        for _ in range(2):
            environment = os.environ | {FOLDER_VARIABLE: str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
            command = [sys.executable, "-c", WORKER + WAITING, "1", "1", ""]
            worker = stack.enter_context(
                subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            )
            stack.callback(worker.communicate, timeout=60)
            assert worker.stdout
            assert worker.stdout.readline() == b"up\n"
            taken.append(run(tmp_path, READER))
    first, second = (value(text, "process_resident_memory_bytes") or 0 for text in taken)
    assert 1.3 * first < second < 1.8 * first  # the reader is one of them
    assert (value(taken[1], "process_open_fds") or 0) > (value(taken[0], "process_open_fds") or 0) > 0
    assert value(taken[1], "process_cpu_seconds_total")
    assert value(taken[1], 'recstack_dependency_up{dependency="redis"}') == 1


def test_the_folder_is_empty_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, "before")
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "counter_17.db").touch()
    share_metrics(tmp_path / "metrics")
    assert list((tmp_path / "metrics").iterdir()) == []
    assert os.environ[FOLDER_VARIABLE] == str(tmp_path / "metrics")


def test_a_single_worker_shares_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    leave_metrics()
