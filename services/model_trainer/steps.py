"""What the trainer is doing, step by step, with times: a spinner on a terminal, lines elsewhere."""

from __future__ import annotations

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
                self.console.print(self._line("[red]✗[/]", step))
                raise
        step.seconds = time.perf_counter() - started
        self.done.append(step)
        self.console.print(self._line("[green]✓[/]", step))

    @staticmethod
    def _line(mark: str, step: Step) -> str:
        note = f"  [dim]{step.note}[/]" if step.note else ""
        return f"{mark} {step.name:<44}{step.seconds:7.1f} s{note}"
