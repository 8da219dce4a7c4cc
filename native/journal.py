"""What the supervisor says of itself in `run/state.json`, for the board, `status` and `stop`."""

from __future__ import annotations

import dataclasses
import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from native import identity

STARTING, RUNNING, STOPPING, STOPPED, FAILED = "starting", "running", "stopping", "stopped", "failed"
WAITING, AT_WORK, DONE, SKIPPED, BROKEN = "waiting", "at work", "done", "skipped", "failed"


@dataclass(slots=True)
class StepRecord:
    name: str
    status: str = WAITING
    began: float | None = None
    """Unix seconds."""
    seconds: float | None = None
    note: str = ""


@dataclass(slots=True)
class ProcessRecord:
    name: str
    pid: int
    born: float
    restarts: int = 0


@dataclass(slots=True)
class State:
    pid: int
    born: float
    phase: str = STARTING
    error: str = ""
    jupyter: bool = True
    steps: dict[str, StepRecord] = field(default_factory=dict)
    processes: dict[str, ProcessRecord] = field(default_factory=dict)

    @property
    def is_alive(self) -> bool:
        return identity.is_alive(self.pid, self.born)


class Journal:
    """Keeps a `State` and its file in step; only the supervisor has one."""

    def __init__(self, path: Path, steps: list[str], *, jupyter: bool) -> None:
        self.path = path
        self.state = State(os.getpid(), identity.birth(os.getpid()) or 0.0, jupyter=jupyter)
        self.state.steps = {name: StepRecord(name) for name in steps}
        self._save()

    def phase(self, phase: str, error: str = "") -> None:
        self.state.phase = phase
        self.state.error = error or self.state.error
        self._save()

    def begin(self, name: str) -> None:
        self.state.steps[name].status = AT_WORK
        self.state.steps[name].began = time.time()
        self.state.steps[name].note = ""
        self._save()

    def note(self, name: str, note: str) -> None:
        self.state.steps[name].note = note
        self._save()

    def end(self, name: str, status: str, note: str = "") -> None:
        record = self.state.steps[name]
        record.status, record.note = status, note
        record.seconds = time.time() - record.began if record.began else 0.0
        self._save()

    def started(self, name: str, pid: int) -> None:
        before = self.state.processes.get(name)
        born = identity.birth(pid) or 0.0
        self.state.processes[name] = ProcessRecord(name, pid, born, before.restarts + 1 if before else 0)
        self._save()

    def ended(self, name: str) -> None:
        self.state.processes.pop(name, None)
        self._save()

    def _save(self) -> None:
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps(dataclasses.asdict(self.state)), "utf-8")
        fresh.replace(self.path)


def read(path: Path) -> State | None:
    """None where no supervisor ever was, or the file is of another version."""
    try:
        raw = json.loads(path.read_text("utf-8"))
        raw["steps"] = {name: StepRecord(**record) for name, record in raw["steps"].items()}
        raw["processes"] = {name: ProcessRecord(**record) for name, record in raw["processes"].items()}
        return State(**raw)
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None
