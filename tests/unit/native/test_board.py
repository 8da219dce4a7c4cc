from __future__ import annotations

import io
import os
import time
from pathlib import Path

from rich.console import Console

from native import journal
from native.board import Board, addresses
from native.journal import State, StepRecord
from native.steps import Service


def _state(*records: StepRecord) -> State:
    return State(1, 1.0, steps={record.name: record for record in records})


def _console(*, terminal: bool) -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    return Console(file=out, force_terminal=terminal, width=100, color_system=None), out


def test_without_a_terminal_each_step_is_a_line_said_once(tmp_path: Path) -> None:
    console, out = _console(terminal=False)
    with Board(console, tmp_path) as board:
        seed = StepRecord("seed", journal.AT_WORK, began=time.time())
        for _ in range(3):
            board.show(_state(seed, StepRecord("train")))
        seed.status, seed.seconds = journal.DONE, 12.34
        skipped = StepRecord("train", journal.SKIPPED, seconds=0.0, note="release x is there")
        for _ in range(3):
            board.show(_state(seed, skipped))
    assert out.getvalue().splitlines() == ["  … seed", "  ✓ seed  12.3 s", "  ✓ train  0.0 s  (release x is there)"]


def test_on_a_terminal_a_step_shows_what_it_said_last_in_this_start(tmp_path: Path) -> None:
    (tmp_path / "seed.log").write_text("drew 10 users\nCOPY 50 %\n")
    (tmp_path / "train.log").write_text("of yesterday\n")
    os.utime(tmp_path / "train.log", (1.0, 1.0))
    console, out = _console(terminal=True)
    with Board(console, tmp_path) as board:
        began = time.time() - 5
        records = [StepRecord(name, journal.AT_WORK, began=began) for name in ("seed", "train")]
        board.show(_state(*records, StepRecord("api", journal.BROKEN, seconds=1.0, note="failed")))
    last = out.getvalue()
    assert "COPY 50 %" in last
    assert "of yesterday" not in last
    assert "✗" in last


def test_the_addresses_say_who_answers() -> None:
    console, out = _console(terminal=False)
    console.print(
        addresses(
            [
                Service("api", (), lambda: True, address="http://127.0.0.1:8000/docs"),
                Service("mlflow", (), lambda: False, address="http://127.0.0.1:5000"),
                Service("silent", (), lambda: True),
            ]
        )
    )
    lines = [line.split() for line in out.getvalue().splitlines()]
    assert lines == [["✓", "api", "http://127.0.0.1:8000/docs"], ["✗", "mlflow", "http://127.0.0.1:5000"]]
