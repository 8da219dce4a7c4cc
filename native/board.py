"""Shows the start as it happens: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Column, Table
from rich.text import Text

from native import journal as is_
from native.journal import State, StepRecord
from native.logs import last_lines
from native.steps import Service

NOTE_WIDTH = 60
MARKS = {
    is_.WAITING: Text("·", "dim"),
    is_.DONE: Text("✓", "green"),
    is_.SKIPPED: Text("✓", "green"),
    is_.BROKEN: Text("✗", "red"),
}


def seconds_of(record: StepRecord) -> str:
    if record.seconds is not None:
        return f"{record.seconds:.1f} s"
    return f"{time.time() - record.began:.0f} s" if record.began else ""


class Board:
    """Use as a context manager; `show` as often as you like."""

    def __init__(self, console: Console, logs: Path) -> None:
        self.console = console
        self.logs = logs
        self._spinners: dict[str, Spinner] = {}
        self._said: set[tuple[str, str]] = set()
        self._live = Live(console=console, refresh_per_second=10, transient=False) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def show(self, state: State) -> None:
        if self._live:
            self._live.update(self._table(state))
        else:
            self._say_news(state)

    def _table(self, state: State) -> Table:
        table = Table.grid(padding=(0, 2))
        for record in state.steps.values():
            table.add_row(self._mark(record), record.name, Text(seconds_of(record), "cyan"), self._note(record))
        return table

    def _mark(self, record: StepRecord) -> Text | Spinner:
        if record.status == is_.AT_WORK:
            return self._spinners.setdefault(record.name, Spinner("dots", style="cyan"))
        return MARKS[record.status]

    def _note(self, record: StepRecord) -> Text:
        """What it said last, unless that was in an earlier start."""
        path = self.logs / f"{record.name}.log"
        if record.status != is_.AT_WORK or record.note:
            return Text(record.note, "dim")
        is_news = path.exists() and path.stat().st_mtime >= (record.began or 0.0)
        return Text("".join(last_lines(path))[:NOTE_WIDTH] if is_news else "", "dim")

    def _say_news(self, state: State) -> None:
        for record in state.steps.values():
            if record.status == is_.WAITING or (record.name, record.status) in self._said:
                continue
            self._said.add((record.name, record.status))
            if record.status == is_.AT_WORK:
                self._line(f"  … {record.name}")
            else:
                note = f"  ({record.note})" if record.note else ""
                self._line(f"  {MARKS[record.status].plain} {record.name}  {seconds_of(record)}{note}")

    def _line(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)


def addresses(services: Sequence[Service]) -> Table:
    """Every service that people call, with whether it answers now."""
    table = Table.grid("", "", Column("", overflow="fold"), padding=(0, 2))
    for service in services:
        if service.address:
            mark = MARKS[is_.DONE] if service.is_ready() else MARKS[is_.BROKEN]
            table.add_row(mark, service.name, Text(service.address, "bold"))
    return table
