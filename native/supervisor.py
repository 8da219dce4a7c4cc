"""Starts a topology in the order of its needs, keeps it running, and ends it in reverse order.

One event loop in one thread starts every process, since the kernel ends a child when the thread that started it ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from native import journal as is_
from native import processes
from native.errors import CannotStart
from native.journal import Journal
from native.logs import RotatingLog, last_lines, pump
from native.steps import Service, Step, Task

POLL_SECONDS = 0.1
FIRST_BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS = 0.5, 30.0
DRAIN_SECONDS = 2.0
STEADY_SECONDS = 60.0
"""A service that lived this long starts anew with the shortest pause."""


class Supervisor:
    """`run` returns when everything has ended: 0 after a stop that was asked for, 1 after a start that failed."""

    def __init__(self, steps: Sequence[Step], journal: Journal, *, logs: Path, run: Path, front: int | None) -> None:
        self.steps = {step.name: step for step in steps}
        self.journal = journal
        self.logs = logs
        self.marks = run
        self.front = front
        self._done = {step.name: asyncio.Event() for step in steps}
        self._stop = asyncio.Event()
        self._running: dict[str, processes.Process] = {}
        self._logs: dict[str, RotatingLog] = {}
        self._pumps: dict[str, threading.Thread] = {}

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(signum, self._stop.set)
        error = await self._start_all()
        if not error and not self._stop.is_set():
            self.journal.phase(is_.RUNNING)
            await self._keep_running()
        self.journal.phase(is_.STOPPING, error)
        await self._stop_all()
        for log in self._logs.values():
            log.close()
        self.journal.phase(is_.FAILED if error else is_.STOPPED)
        return 1 if error else 0

    async def _start_all(self) -> str:
        """Empty, or the sentence that says what went wrong."""
        work: set[asyncio.Task[Any]] = {
            asyncio.create_task(self._take(step), name=step.name) for step in self.steps.values()
        }
        guards: set[asyncio.Task[Any]] = {
            asyncio.create_task(self._stop.wait()),
            asyncio.create_task(self._front_is_gone()),
        }
        error = ""
        while work and not error:
            done, _ = await asyncio.wait(work | guards, return_when=asyncio.FIRST_COMPLETED)
            if done & guards:
                self._stop.set()
                break
            work -= done
            error = next((self._broken(task) for task in done if task.exception()), "")
        await _cancel(work | guards)
        return error

    def _broken(self, task: asyncio.Task[Any]) -> str:
        error = str(task.exception()) or repr(task.exception())
        self.journal.end(task.get_name(), is_.BROKEN, "failed")
        return error

    async def _front_is_gone(self) -> None:
        """Ends when the command that waits for the start was killed."""
        while self.front is None or os.getppid() == self.front:  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.5)

    async def _take(self, step: Step) -> None:
        await self._wait_for(step.needs)
        self.journal.begin(step.name)
        if isinstance(step, Service):
            await self._bring_up(step)
            self.journal.end(step.name, is_.DONE)
        else:
            await self._carry_out(step)
        self._done[step.name].set()

    async def _wait_for(self, names: Iterable[str]) -> None:
        for name in names:
            await self._done[name].wait()

    async def _bring_up(self, service: Service) -> None:
        await asyncio.to_thread(service.prepare)
        self._spawn(service, service.command)
        deadline = time.monotonic() + service.start_limit
        while not await asyncio.to_thread(service.is_ready):
            if (status := processes.exit_status(self._running[service.name])) is not None:
                raise CannotStart(self._explain(service.name, f"ended with status {status} instead of starting"))
            if time.monotonic() > deadline:
                raise CannotStart(self._explain(service.name, f"did not answer within {service.start_limit:.0f} s"))
            await asyncio.sleep(POLL_SECONDS)
        await asyncio.to_thread(service.complete)

    async def _carry_out(self, task: Task) -> None:
        mark = self.marks / f"{task.name}.unfinished"
        if reason := await asyncio.to_thread(task.skip, mark.exists()):
            self.journal.end(task.name, is_.SKIPPED, reason)
            return
        if task.also_needs:
            self.journal.note(task.name, f"waits for {', '.join(task.also_needs)}")
            await self._wait_for(task.also_needs)
            self.journal.begin(task.name)
        mark.touch()
        process = self._spawn(task, task.command)
        status = await _exit_of(process)
        self._forget(task.name)
        if status != 0:
            raise CannotStart(self._explain(task.name, f"ended with status {status}"))
        mark.unlink()
        self.journal.end(task.name, is_.DONE)

    async def _keep_running(self) -> None:
        services = [step for step in self.steps.values() if isinstance(step, Service)]
        watches = {asyncio.create_task(self._watch(service), name=service.name) for service in services}
        await self._stop.wait()
        await _cancel(watches)

    async def _watch(self, service: Service) -> None:
        pause = FIRST_BACKOFF_SECONDS
        while True:
            began = time.monotonic()
            status = await _exit_of(self._running[service.name])
            pause = FIRST_BACKOFF_SECONDS if time.monotonic() - began > STEADY_SECONDS else pause
            self._say(service.name, f"ended with status {status}, starts again in {pause:g} s")
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_BACKOFF_SECONDS)
            with contextlib.suppress(OSError):
                self._spawn(service, service.command)

    def _spawn(self, step: Step, command: Sequence[str]) -> processes.Process:
        process = processes.start(
            command,
            output=subprocess.PIPE,
            account=step.account if isinstance(step, Service) else None,
            environment={**os.environ, **step.environment},
            folder=step.folder,
            stop_signal=step.stop_signal if isinstance(step, Service) else signal.SIGTERM,
        )
        self._running[step.name] = process
        if process.stdout is not None:
            self._pumps[step.name] = pump(process.stdout, self._log(step.name))
        self.journal.started(step.name, process.pid)
        return process

    async def _stop_all(self) -> None:
        for name, process in reversed(list(self._running.items())):
            step = self.steps[name]
            signum = step.stop_signal if isinstance(step, Service) else signal.SIGTERM
            limit = step.stop_limit if isinstance(step, Service) else 15.0
            await asyncio.to_thread(processes.stop, process, signum, limit)
            self._forget(name)

    def _forget(self, name: str) -> None:
        self._running.pop(name, None)
        self._drain(name)
        self.journal.ended(name)

    def _drain(self, name: str) -> None:
        """Have the last words of a process that ended in its log."""
        process = self._running.get(name)
        if name in self._pumps and (process is None or process.returncode is not None):
            self._pumps[name].join(DRAIN_SECONDS)

    def _log(self, name: str) -> RotatingLog:
        if name not in self._logs:
            self._logs[name] = RotatingLog(self.logs / f"{name}.log")
        return self._logs[name]

    def _say(self, name: str, what: str) -> None:
        line = f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} supervisor: {name} {what}\n"
        self._log("supervisor").write(line.encode())

    def _explain(self, name: str, what: str) -> str:
        self._drain(name)
        path = self.logs / f"{name}.log"
        tail = "\n    ".join(last_lines(path, 4))
        return f"{name} {what}; its log is {path}" + (f" and ends with\n    {tail}" if tail else ", which is empty.")


async def _exit_of(process: processes.Process) -> int:
    while (status := processes.exit_status(process)) is None:  # noqa: ASYNC110 - the loop has no child watcher
        await asyncio.sleep(POLL_SECONDS)
    return status


async def _cancel(tasks: Iterable[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
