"""`python -m native` on a copy of the repository: a small world, real servers, every way to end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from native import identity, journal, ports
from native.journal import State
from native.places import ROOT, read_environment_file
from native.providers import prometheus
from recsys.manifest import FORMAT

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.timeout(400),
]

PARTS = ("services", "sql", "native", "notebooks", "prometheus", "grafana", "setup.sh", ".env.example")
PORTS = tuple(name for name in read_environment_file(ROOT / ".env.example") if name.endswith("_PORT"))
SMALL = "--users 300 --items 1500 --interactions 12000"

HOLDER = """
import sys
from pathlib import Path
from native.lock import only_one
with only_one(Path(sys.argv[1])):
    print("mine", flush=True)
    sys.stdin.read()
"""


@dataclass
class Clone:
    folder: Path
    environment: dict[str, str]

    def native(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "native", *arguments],
            cwd=self.folder,
            env=self.environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )

    def begin(self) -> subprocess.Popen[str]:
        """`up` in the background, as a terminal would start it."""
        return subprocess.Popen(
            [sys.executable, "-m", "native", "up"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    @property
    def state(self) -> State | None:
        return journal.read(self.folder / ".recstack" / "run" / "state.json")

    def until(self, condition: Callable[[State], bool], seconds: float = 120) -> State:
        deadline = time.monotonic() + seconds
        while not (state := self.state) or not condition(state):
            assert time.monotonic() < deadline, state
            time.sleep(0.05)
        return state

    def get(self, path: str, port: str = "API_PORT") -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.environment[port]}{path}", timeout=10) as answer:
            return json.load(answer)

    def assert_quiet(self, before: State) -> None:
        """Nothing of `before` runs, and every port is free again."""
        deadline = time.monotonic() + 15
        numbers = [before.pid, *(record.pid for record in before.processes.values())]
        while any(identity.birth(number) for number in numbers):
            assert time.monotonic() < deadline, before
            time.sleep(0.05)
        for name in PORTS:  # for a moment another program's outgoing connection may have one
            while not ports.is_free(int(self.environment[name])):
                assert time.monotonic() < deadline, name
                time.sleep(0.05)


@pytest.fixture(scope="module", autouse=True)
def _signals_that_are_heard() -> Iterator[None]:
    """A shell starts what runs in the background deaf to some, and whoever that starts stays so."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGHUP, signal.SIGINT)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    folder = tmp_path_factory.mktemp("native") / "a clone"
    folder.mkdir()
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, folder / part)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("RECSTACK_", "PYTEST_"))}
    environment |= {name: str(ports.free_port()) for name in PORTS}
    environment |= {"PYTHONPATH": f"{folder / 'services'}:{folder}", "RECSTACK_SEED_OPTIONS": SMALL}
    made = Clone(folder, environment)
    subprocess.run(["sh", "setup.sh", "env"], cwd=folder, check=True, timeout=30)
    yield made
    made.native("reset", "--yes")


@pytest.fixture(scope="module")
def running(clone: Clone) -> State:
    """The whole topology, started once for the tests that follow."""
    done = clone.native("up")
    assert done.returncode == 0, done.stdout + done.stderr
    state = clone.state
    assert state is not None
    return state


def test_before_the_first_start_there_is_nothing(clone: Clone) -> None:
    assert clone.native("status").returncode == 3
    done = clone.native("down")
    assert done.returncode == 0
    assert "Nothing was ever started here" in done.stdout


def test_a_taken_port_is_one_sentence_and_nothing_is_started(clone: Clone) -> None:
    port = clone.environment["MLFLOW_PORT"]
    taker = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", port]
    with subprocess.Popen(taker, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not ports.is_open(int(port)):
            time.sleep(0.05)
        done = clone.native("up")
        process.kill()
    assert done.returncode == 1
    assert f"Port {port}, which mlflow needs, is taken by" in done.stderr
    assert f"process {process.pid}" in done.stderr
    assert "MLFLOW_PORT" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert clone.state is None


def test_a_wrong_setting_is_named(clone: Clone) -> None:
    clone.environment["API_WORKERS"] = "many"
    try:
        done = clone.native("up")
    finally:
        del clone.environment["API_WORKERS"]
    assert done.returncode == 2
    assert "API_WORKERS" in done.stderr
    assert clone.state is None


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_start_that_is_interrupted_leaves_nothing_running(clone: Clone, signum: signal.Signals) -> None:
    process = clone.begin()
    state = clone.until(lambda state: state.is_alive and "postgres" in state.processes and "migrate" in state.steps)
    state = clone.until(lambda state: state.steps["seed"].status == journal.AT_WORK)
    process.send_signal(signum)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert "nothing is left running" in output
    clone.assert_quiet(state)


def test_a_start_whose_command_was_killed_is_undone(clone: Clone) -> None:
    process = clone.begin()
    state = clone.until(lambda state: state.is_alive and state.steps["migrate"].status == journal.AT_WORK)
    process.kill()
    process.communicate(timeout=60)
    clone.assert_quiet(state)


def test_a_start_ends_with_everything_answering(clone: Clone, running: State) -> None:
    assert running.phase == journal.RUNNING
    done = clone.native("status")
    assert done.returncode == 0, done.stdout
    assert clone.get("/health")["status"] == "ok"
    assert clone.get("/ready")
    assert (clone.folder / ".env").stat().st_mode & 0o777 == 0o600


def test_prometheus_asks_everybody_where_this_machine_has_it(clone: Clone, running: State) -> None:
    if not prometheus.find_binary():
        shown = clone.native("status").stdout
        assert "Prometheus is not installed here" in shown
        assert "requests" in shown
        pytest.skip("prometheus is not on PATH: the status board's own figures were looked at instead")
    assert "prometheus" in running.steps
    deadline = time.monotonic() + 60
    while True:
        targets = clone.get("/api/v1/targets?state=active", "PROMETHEUS_PORT")["data"]["activeTargets"]
        if targets and all(target["health"] == "up" for target in targets):
            break
        assert time.monotonic() < deadline, targets
        time.sleep(1)
    assert {target["labels"]["job"] for target in targets} == {"recommendation-api", "model-trainer", "prometheus"}
    rules = clone.get("/api/v1/rules", "PROMETHEUS_PORT")["data"]["groups"]
    assert {"recording", "alerting"} <= {rule["type"] for group in rules for rule in group["rules"]}


def test_everything_that_was_written_lies_in_the_state_folder(clone: Clone, running: State) -> None:
    assert running.is_alive
    new = {path.name for path in clone.folder.iterdir()} - {Path(part).name for part in PARTS}
    assert new <= {".recstack", ".env"}
    logs = clone.folder / ".recstack" / "logs"
    assert {f"{name}.log" for name in running.steps} <= {path.name for path in logs.iterdir()}


def test_a_second_start_says_so_at_once(clone: Clone, running: State) -> None:
    began = time.monotonic()
    done = clone.native("up")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "running already" in done.stdout
    assert f"http://127.0.0.1:{clone.environment['API_PORT']}/docs" in done.stdout
    assert time.monotonic() - began < 10
    state = clone.state
    assert state is not None
    assert state.pid == running.pid


def test_two_at_once_do_not_meet(clone: Clone, running: State) -> None:
    assert running.is_alive
    folder = str(clone.folder / ".recstack" / "run")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, folder],
        cwd=clone.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == "mine\n"
        done = clone.native("down")
        holder.stdin.close()
    assert done.returncode == 1
    assert "Another ./setup.sh is at work here" in done.stderr


@pytest.mark.parametrize("name", ["api", "redis", "postgres"])
def test_what_is_killed_comes_back(clone: Clone, running: State, name: str) -> None:
    assert running.is_alive
    os.kill(clone.until(lambda state: name in state.processes).processes[name].pid, signal.SIGKILL)
    clone.until(lambda state: state.processes[name].restarts == 1)
    deadline = time.monotonic() + 60
    while (done := clone.native("status")).returncode != 0 or clone.get("/health")["status"] != "ok":
        assert time.monotonic() < deadline, done.stdout


def test_a_stop_ends_all_of_it_and_a_second_start_finds_everything(clone: Clone, running: State) -> None:
    state = clone.state
    assert state is not None
    assert state.pid == running.pid
    done = clone.native("down")
    assert done.returncode == 0, done.stderr
    clone.assert_quiet(state)
    release = next((clone.folder / ".recstack" / "releases").glob("2*")).name
    began = time.monotonic()
    done = clone.native("up")
    seconds = time.monotonic() - began
    assert done.returncode == 0, done.stdout + done.stderr
    assert "300 users are there" in done.stdout
    assert f"release {release} is there" in done.stdout
    assert clone.get("/health")["release"] == release
    assert seconds < 60, "alone on the machine it is 20"


def test_a_killed_supervisor_takes_all_with_it(clone: Clone, running: State) -> None:
    del running
    state = clone.state
    assert state is not None
    os.kill(state.pid, signal.SIGKILL)
    clone.assert_quiet(state)
    assert clone.native("status").returncode == 3
    assert "was not running" in clone.native("down").stdout


def test_a_release_in_another_layout_is_trained_anew_at_once(clone: Clone, running: State) -> None:
    del running
    (manifest,) = (clone.folder / ".recstack" / "releases").glob("2*/manifest.json")
    manifest.write_text(manifest.read_text().replace(f'"format": {FORMAT}', f'"format": {FORMAT + 1}'))
    done = clone.native("up")
    assert done.returncode == 0, done.stdout + done.stderr
    assert clone.get("/health")["release"] not in {None, manifest.parent.name}
    assert clone.native("down").returncode == 0


def test_a_reset_drops_the_data_and_keeps_the_key(clone: Clone, running: State) -> None:
    del running
    key = (clone.folder / ".env").read_text()
    home = (clone.folder / ".recstack" / "postgres").resolve()
    assert home.exists()
    assert clone.native("reset", "--yes").returncode == 0
    assert not home.exists()
    assert {path.name for path in (clone.folder / ".recstack").iterdir()} == {"logs", "run"}
    assert (clone.folder / ".env").read_text() == key
