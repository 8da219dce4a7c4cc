"""The supervisor over real processes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from native import identity, journal
from native.journal import Journal, State
from native.steps import Service, Step, Task
from native.supervisor import Supervisor

pytestmark = [pytest.mark.anyio, pytest.mark.integration]

LIFE = """
import signal, sys, time
from pathlib import Path
name, folder = sys.argv[1], Path(sys.argv[2])
def end(*_):
    with (folder / "ended").open("a") as file:
        file.write(name + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
(folder / name).touch()
print(name, "is up", flush=True)
time.sleep(60)
"""


@dataclass
class World:
    folder: Path
    journal: Journal
    supervisor: Supervisor

    @property
    def state(self) -> State:
        found = journal.read(self.journal.path)
        assert found is not None
        return found

    def order(self) -> list[str]:
        return (self.folder / "ended").read_text().split()

    async def until(self, condition: Callable[[State], bool], seconds: float = 15) -> State:
        deadline = time.monotonic() + seconds
        while not condition(self.state):
            assert time.monotonic() < deadline, self.state
            await asyncio.sleep(0.05)
        return self.state


def service(folder: Path, name: str, *needs: str) -> Service:
    command = (sys.executable, "-c", LIFE, name, str(folder))
    return Service(name, command, (folder / name).exists, needs, stop_limit=5)


def task(folder: Path, name: str, *needs: str, status: int = 0, skip: str | None = None) -> Task:
    code = (
        f"from pathlib import Path; Path({str(folder / name)!r}).touch(); print('working'); raise SystemExit({status})"
    )
    return Task(name, (sys.executable, "-c", code), needs, skip=lambda interrupted: None if interrupted else skip)


def world(folder: Path, steps: Sequence[Step], front: int | None = None) -> World:
    record = Journal(folder / "state.json", [step.name for step in steps], jupyter=False)
    return World(folder, record, Supervisor(steps, record, logs=folder, run=folder, front=front))


@asynccontextmanager
async def running(folder: Path, *steps: Step) -> AsyncIterator[World]:
    made = world(folder, steps)
    run = asyncio.create_task(made.supervisor.run())
    await made.until(lambda state: state.phase == journal.RUNNING)
    yield made
    os.kill(os.getpid(), signal.SIGTERM)
    assert await asyncio.wait_for(run, 20) == 0


async def test_each_waits_for_what_it_needs_and_all_end_in_reverse_order(tmp_path: Path) -> None:
    steps: list[Step] = [
        service(tmp_path, "api", "migrate"),
        task(tmp_path, "migrate", "postgres"),
        service(tmp_path, "postgres"),
    ]
    async with running(tmp_path, *steps) as made:
        born = [made.state.steps[name].began for name in ("postgres", "migrate", "api")]
        assert all(born)
        assert born == sorted(moment for moment in born if moment)
        pids = [record.pid for record in made.state.processes.values()]
        assert len(pids) == 2
    assert made.order() == ["api", "postgres"]
    assert [identity.birth(pid) for pid in pids] == [None, None]
    assert made.state.phase == journal.STOPPED
    assert made.state.processes == {}
    assert (tmp_path / "api.log").read_text() == "api is up\n"


async def test_what_dies_is_started_again(tmp_path: Path) -> None:
    async with running(tmp_path, service(tmp_path, "api")) as made:
        for restarts in (1, 2):
            os.kill(made.state.processes["api"].pid, signal.SIGKILL)
            state = await made.until(lambda state, n=restarts: state.processes["api"].restarts == n)  # type: ignore[misc]
            assert identity.is_alive(state.processes["api"].pid, state.processes["api"].born)
    text = (tmp_path / "supervisor.log").read_text()
    assert "api ended with status -9, starts again in 0.5 s" in text
    assert "starts again in 1 s" in text, "the pause grows"


async def test_a_failed_task_ends_everything_and_says_why(tmp_path: Path) -> None:
    made = world(tmp_path, [service(tmp_path, "postgres"), task(tmp_path, "seed", "postgres", status=3)])
    assert await asyncio.wait_for(made.supervisor.run(), 20) == 1
    state = made.state
    assert state.phase == journal.FAILED
    assert "seed ended with status 3" in state.error
    assert "working" in state.error, "the log's last lines are shown"
    assert state.steps["seed"].status == journal.BROKEN
    assert made.order() == ["postgres"]
    assert (tmp_path / "seed.unfinished").exists()


async def test_a_service_that_ends_at_once_fails_the_start(tmp_path: Path) -> None:
    broken = Service("api", (sys.executable, "-c", "raise SystemExit('no port')"), lambda: False)
    made = world(tmp_path, [broken])
    assert await asyncio.wait_for(made.supervisor.run(), 20) == 1
    assert "api ended with status 1 instead of starting" in made.state.error
    assert "no port" in made.state.error


async def test_a_service_that_never_answers_fails_the_start(tmp_path: Path) -> None:
    deaf = Service("api", (sys.executable, "-c", LIFE, "other", str(tmp_path)), lambda: False, start_limit=0.5)
    made = world(tmp_path, [deaf])
    assert await asyncio.wait_for(made.supervisor.run(), 20) == 1
    assert "api did not answer within" in made.state.error
    assert made.state.processes == {}


async def test_a_preparation_that_fails_is_the_reason(tmp_path: Path) -> None:
    def prepare() -> None:
        raise OSError("no space left")

    made = world(tmp_path, [Service("api", ("true",), lambda: True, prepare=prepare)])
    assert await asyncio.wait_for(made.supervisor.run(), 20) == 1
    assert made.state.error == "no space left"


async def test_what_was_done_is_skipped_unless_it_was_interrupted(tmp_path: Path) -> None:
    async with running(tmp_path, task(tmp_path, "seed", skip="10 users are there")) as made:
        assert made.state.steps["seed"].status == journal.SKIPPED
        assert made.state.steps["seed"].note == "10 users are there"
        assert not (tmp_path / "seed").exists()
    (tmp_path / "seed.unfinished").touch()
    async with running(tmp_path, task(tmp_path, "seed", skip="10 users are there")) as made:
        assert made.state.steps["seed"].status == journal.DONE
        assert (tmp_path / "seed").exists()
    assert not (tmp_path / "seed.unfinished").exists()


async def test_a_skipped_task_waits_for_nothing_more(tmp_path: Path) -> None:
    slow = Service("mlflow", (sys.executable, "-c", LIFE, "mlflow", str(tmp_path)), (tmp_path / "open").exists)
    train = Task("train", ("false",), also_needs=("mlflow",), skip=lambda _: "there")
    made = world(tmp_path, [slow, train, service(tmp_path, "api", "train")])
    run = asyncio.create_task(made.supervisor.run())
    await made.until(lambda state: state.steps["api"].status == journal.DONE)
    assert made.state.steps["mlflow"].status == journal.AT_WORK
    (tmp_path / "open").touch()
    await made.until(lambda state: state.phase == journal.RUNNING)
    os.kill(os.getpid(), signal.SIGTERM)
    assert await asyncio.wait_for(run, 20) == 0


async def test_a_stop_during_the_start_undoes_it(tmp_path: Path) -> None:
    endless = Task("train", (sys.executable, "-c", LIFE, "train", str(tmp_path)), ("postgres",))
    made = world(tmp_path, [service(tmp_path, "postgres"), endless, service(tmp_path, "api", "train")])
    run = asyncio.create_task(made.supervisor.run())
    await made.until(lambda _: (tmp_path / "train").exists())
    pids = [record.pid for record in made.state.processes.values()]
    os.kill(os.getpid(), signal.SIGTERM)
    assert await asyncio.wait_for(run, 20) == 0
    assert made.order() == ["train", "postgres"]
    assert [identity.birth(pid) for pid in pids] == [None, None]
    assert made.state.steps["api"].status == journal.WAITING


async def test_a_start_that_nobody_waits_for_is_undone(tmp_path: Path) -> None:
    endless = Task("train", (sys.executable, "-c", LIFE, "train", str(tmp_path)))
    made = world(tmp_path, [endless], front=os.getppid() + 1)
    assert await asyncio.wait_for(made.supervisor.run(), 20) == 0
    assert made.state.processes == {}
