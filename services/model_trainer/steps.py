"""What the trainer is doing, step by step, with times and memory: a spinner on a terminal, lines elsewhere."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console


@dataclass
class Step:
    """One named piece of work; `note` says what came of it."""

    name: str
    seconds: float = 0.0
    note: str = ""


@dataclass
class Steps:
    """Prints each step when it is done."""

    console: Console
    done: list[Step] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Time what is done inside; a step that fails is printed as failed and the error goes on."""
        step = Step(name)
        started = time.perf_counter()
        with self.console.status(name):
            try:
                yield step
            except BaseException:
                step.seconds = time.perf_counter() - started
                self._print("[red]✗[/]", step)
                raise
        step.seconds = time.perf_counter() - started
        self.done.append(step)
        self._print("[green]✓[/]", step)

    def say(self, text: str) -> None:
        """A line within a long step."""
        self.console.print(f"    {text}", style="dim", soft_wrap=True, markup=False)

    def _print(self, mark: str, step: Step) -> None:
        note = f"  [dim]{step.note}[/]" if step.note else ""
        self.console.print(f"{mark} {step.name:<34}{step.seconds:6.1f} s{note}", soft_wrap=True)


def peak_memory_mb() -> float:
    """The most that this process has held, in MB (ru_maxrss counts kB on Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
